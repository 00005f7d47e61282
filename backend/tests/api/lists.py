"""Asks for pages of the task list, and fills lists with many tasks; it proves nothing by itself."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import httpx2

from tests.api.rows import fetch
from tests.people import Person

_COLUMNS = "user_id, id, title, priority, created_at, updated_at, version"


async def insert_tasks(
    connection: asyncpg.Connection, person: Person, number: int, *, moments: int = 1
) -> None:
    """Insert tasks that were created at that many moments, so that many share one."""
    row = "$1, gen_random_uuid(), 'Pay rent', 'none', now() - make_interval(hours => number % $3::int), now(), 1"
    query = f"insert into agendum.task ({_COLUMNS}) select {row} from generate_series(1, $2::int) number"
    await fetch(connection, query, person.user_id, number, moments)


async def page(person: Person, **query: str | int | list[str]) -> dict[str, Any]:
    """Return a page of a person's tasks."""
    response = await person.client.get("/api/tasks", params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of a page."""
    return [task["id"] for task in answer["items"]]


async def titles(person: Person, **query: str | int | list[str]) -> list[str]:
    """Return the titles of a page, in its order."""
    return [task["title"] for task in (await page(person, **query))["items"]]


async def create_titled(person: Person, **contents: dict[str, Any]) -> dict[str, str]:
    """Create a task for each title, and return their ids."""
    return {
        title: (await person.create_task(title=title, **content))["id"] for title, content in contents.items()
    }


async def create_named(person: Person, path: str, names: Iterable[str]) -> list[str]:
    """Create a category or a tag for each name, and return their ids."""
    answers = [await person.client.post(path, json={"name": name}) for name in names]
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json()["id"] for answer in answers]


async def refused(person: Person, query: str) -> dict[str, str]:
    """Ask what is to be refused, and return what is said about each parameter."""
    response = await person.client.get(f"/api/tasks?{query}")
    assert response.status_code == 422, response.text
    return {error["field"]: error["message"] for error in response.json()["errors"]}


def refused_fields(response: httpx2.Response) -> list[str]:
    """Return the fields that a refusal names."""
    assert response.status_code == 422, response.text
    return [error["field"] for error in response.json()["errors"]]
