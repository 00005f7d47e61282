// Creates, lists, changes, replaces and completes a task with the generated types; prints what it saw as JSON.
import createClient from "openapi-fetch"
import type { components, paths } from "./schema.js"

type Task = components["schemas"]["TaskRead"]
type NewTask = components["schemas"]["TaskCreate"]

const [baseUrl, token] = process.argv.slice(2)
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } })

function given(answer: { data?: Task; error?: components["schemas"]["Problem"] }): Task {
  if (answer.data === undefined) throw new Error(answer.error?.code)
  return answer.data
}

const created = given(await api.POST("/api/tasks", { body: { title: "Pay rent", priority: "high" } }))
const path = { task_id: created.id }
const changed = given(
  await api.PATCH("/api/tasks/{task_id}", {
    params: { path, header: { "If-Match": `"${created.version}"` } },
    body: { due: { date: "2026-12-01" } },
  }),
)
const replaced = given(await api.PUT("/api/tasks/{task_id}", { params: { path }, body: { ...changed, title: "Pay less rent" } }))
const completed = given(await api.PATCH("/api/tasks/{task_id}/complete", { params: { path } }))
const listed = await api.GET("/api/tasks", { params: { query: { status: "completed", sort: ["-priority", "due"], limit: 10 } } })

const late = await api.PATCH("/api/tasks/{task_id}", { params: { path, header: { "If-Match": '"1"' } }, body: { title: "Too late" } })
const code: "STALE" | "other" = late.error?.code === "STALE" ? "STALE" : "other"

// What is not in the document does not compile.
// @ts-expect-error: a field that a task does not have
const field = () => api.POST("/api/tasks", { body: { title: "Pay rent", colour: "red" } satisfies NewTask })
// @ts-expect-error: a value that the priority does not have
const value = () => api.POST("/api/tasks", { body: { title: "Pay rent", priority: "highest" } })
// @ts-expect-error: a code that no problem has
const never = () => late.error?.code === "LATE"
// @ts-expect-error: a field that is needed
const without = () => api.POST("/api/tasks", { body: {} })

console.log(JSON.stringify({ created, changed, replaced, completed, listed: listed.data?.items, code }))
void [field, value, never, without]
