"""Deletes tasks, fills the trash and reads what is in it; it proves nothing by itself."""

from typing import Any

import asyncpg

from tests.api.rows import fetch
from tests.people import Person

CANARY = "canary-7f3a"
_DELETED = """
    INSERT INTO agendum.task (user_id, id, title, priority, created_at, updated_at, deleted_at, version)
    SELECT $1, gen_random_uuid(), 'Task ' || number, 'none', now(), now(), now() - number / $3 * interval '1 second', 1
    FROM generate_series(1, $2) number
"""


async def delete(person: Person, *tasks: dict[str, Any]) -> None:
    for task in tasks:
        assert (await person.client.delete(f"/api/tasks/{task['id']}")).status_code == 204


async def purge(person: Person, task: dict[str, Any]) -> None:
    assert (await person.client.delete(f"/api/trash/{task['id']}")).status_code == 204


async def page(person: Person, **query: Any) -> dict[str, Any]:
    response = await person.client.get("/api/trash", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def titles(person: Person) -> list[str]:
    """Return what is in the trash, latest first."""
    return [task["title"] for task in (await page(person))["items"]]


async def family(person: Person) -> list[dict[str, Any]]:
    """Create a task, a subtask and a subtask of that."""
    first = await person.create_task(title="first")
    second = await person.create_task(title="second", parent_id=first["id"])
    return [first, second, await person.create_task(title="third", parent_id=second["id"])]


async def fill(connection: asyncpg.Connection, person: Person, number: int, *, at_once: int = 1) -> None:
    """Put tasks into the trash past the API, as many at one moment as is said."""
    await fetch(connection, _DELETED, person.user_id, number, at_once)


async def last_changes(person: Person, number: int) -> list[tuple[Any, ...]]:
    changes = (await person.changes())[-number:]
    return [(change["action"], change["entity_id"], change["before"], change["after"]) for change in changes]
