// A Better Auth server for each configuration that comes in, all on one PostgreSQL, each in a schema of its own.
// It reads a JSON list from its first argument and says one line when all of them listen.
import { createServer } from "node:http"
import { betterAuth } from "better-auth"
import { getMigrations } from "better-auth/db/migration"
import { toNodeHandler } from "better-auth/node"
import { admin, bearer, jwt } from "better-auth/plugins"
import pg from "pg"

async function serve({ port, secret, schema, algorithm, advanced, session, user }) {
  const database = new pg.Pool({ options: `-c search_path=${schema}`, max: 4 })
  const auth = betterAuth({
    database,
    secret,
    advanced,
    session,
    user,
    baseURL: `http://127.0.0.1:${port}`,
    emailAndPassword: { enabled: true },
    plugins: [jwt({ jwks: { keyPairConfig: { alg: algorithm }, rotationInterval: 3600 } }), bearer(), admin()],
    telemetry: { enabled: false },
  })
  await database.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
  await (await getMigrations(auth.options)).runMigrations()
  await new Promise((resolve) => createServer(toNodeHandler(auth)).listen(port, "127.0.0.1", resolve))
}

await Promise.all(JSON.parse(process.argv[2]).map(serve))
console.log("listening")
