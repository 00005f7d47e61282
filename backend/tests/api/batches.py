"""Sends batches of writes, and tells what came of them; it proves nothing by itself."""

from typing import Any

import asyncpg
import httpx2

from tests.api.rows import count_rows
from tests.people import Person

ABSENT = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
Operation = dict[str, Any]
PATH = "/api/tasks/bulk"


def create(title: str = "Pay rent", *, temp_id: str | None = None, **content: Any) -> Operation:
    """Return an operation that creates a task."""
    return {"op": "create", "temp_id": temp_id, "task": {"title": title} | content}


async def send(person: Person, *operations: Operation, **headers: str) -> httpx2.Response:
    """Send a batch."""
    return await person.client.post(PATH, json={"operations": operations}, headers=headers)


async def carried_out(person: Person, *operations: Operation) -> list[dict[str, Any]]:
    """Send a batch that must succeed, and return its results."""
    response = await send(person, *operations)
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    return results


async def read(person: Person, task_id: str) -> dict[str, Any]:
    """Return a living task."""
    response = await person.client.get(f"/api/tasks/{task_id}")
    assert response.status_code == 200, response.text
    task: dict[str, Any] = response.json()
    return task


async def refused(person: Person, connection: asyncpg.Connection, *operations: Operation) -> dict[str, Any]:
    """Send a batch that must be refused and change nothing.

    Return the problem with the status and entity tag of the answer.
    """
    before = await count_rows(connection)
    response = await send(person, *operations)
    assert await count_rows(connection) == before
    problem: dict[str, Any] = response.json()
    return problem | {"status": response.status_code, "etag": response.headers.get("ETag")}
