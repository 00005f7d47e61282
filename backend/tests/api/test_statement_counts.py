"""How many statements an operation costs, with the message that begins. A change here is a change of price."""

import asyncio
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.people import Person

_ENDS = ("RELEASE", "ROLLBACK")
DUE = {"date": "2026-12-01", "time": "09:00", "timezone": "Europe/Berlin"}


async def count(
    person: Person, connection: asyncpg.Connection, *, method: str, path: str, body: Any = None
) -> tuple[int, int]:
    """Send a request; return its status and the number of statements, without those that end a transaction."""
    statements: list[str] = []
    with connection.query_logger(lambda record: statements.append(record.query)):
        response = await person.client.request(method, path, json=body)
        # The driver tells its loggers when the loop comes round.
        await asyncio.sleep(0)
    return response.status_code, len(
        [statement for statement in statements if not statement.startswith(_ENDS)]
    )


@pytest.mark.parametrize(
    ("method", "below", "body", "expected"),
    [
        ("GET", "", None, (200, 2)),
        ("PUT", "", {"title": "Pay more", "due": DUE}, (200, 3)),
        ("PUT", "", {"title": "Pay rent"}, (200, 2)),
        ("PATCH", "", {"title": "Pay more"}, (200, 3)),
        ("PATCH", "", {}, (200, 2)),
        ("PATCH", "/complete", None, (200, 3)),
        ("PATCH", "/complete", {"completed": False}, (200, 2)),
        ("DELETE", "", None, (204, 3)),
        ("PUT", "", {"title": ""}, (422, 0)),
    ],
)
@pytest.mark.spec("TASK-012")
async def test_the_price_of_an_operation_on_a_task(
    ada: Person,
    connection: asyncpg.Connection,
    method: str,
    *,
    below: str,
    body: Any,
    expected: tuple[int, int],
) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}{below}"
    assert await count(ada, connection, method=method, path=path, body=body) == expected


async def test_the_price_of_creating(ada: Person, connection: asyncpg.Connection) -> None:
    await ada.client.get("/api/me")
    chosen = {"id": str(uuid7()), "title": "Pay rent"}
    prices = [
        await count(ada, connection, method="POST", path="/api/tasks", body=body)
        for body in ({"title": "Pay rent"}, chosen, chosen)
    ]
    assert prices == [(201, 2), (201, 3), (201, 3)]


@pytest.mark.spec("FIND-007")
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?limit=100",
        "?count=exact",
        "?offset=3",
        "?q=rent&sort=due",
        "?status=open&priority=low,none&overdue=false&no_due=false&due_after=2020-01-01&updated_after=2020-01-01T00:00:00Z&sort=-due,title",
        "?category_id=none&parent_id=none&include_deleted=true&include_hidden=true",
    ],
)
async def test_the_price_of_a_list_does_not_depend_on_its_length(
    ada: Person, connection: asyncpg.Connection, query: str
) -> None:
    prices = []
    for _ in range(3):
        await ada.create_task(due=DUE)
        prices.append(await count(ada, connection, method="GET", path=f"/api/tasks{query}"))
    assert prices == [(200, 2)] * 3


@pytest.mark.spec("FIND-007")
async def test_the_price_of_naming_what_is_the_persons_own(
    ada: Person, connection: asyncpg.Connection
) -> None:
    category, tag = [
        (await ada.client.post(f"/api/{kind}", json={"name": "Home"})).json()["id"]
        for kind in ("categories", "tags")
    ]
    task = await ada.create_task(category_id=category, tag_ids=[tag])
    for query in (
        f"tag=home,{tag}&tag_match=all",
        f"category_id={category}&parent_id={task['id']}&tag=home&q=rent&status=open&sort=title",
    ):
        assert await count(ada, connection, method="GET", path=f"/api/tasks?{query}") == (200, 3)
    assert await count(ada, connection, method="GET", path="/api/tasks?tag=shop&category_id=none") == (422, 2)


async def test_the_price_of_walking_by_cursor(ada: Person, connection: asyncpg.Connection) -> None:
    for _ in range(3):
        await ada.create_task()
    cursor = (await ada.client.get("/api/tasks?limit=1")).json()["next_cursor"]
    assert await count(ada, connection, method="GET", path=f"/api/tasks?cursor={cursor}") == (200, 2)


@pytest.mark.parametrize(
    ("path", "statements"),
    [("/api/changes", 2), ("/api/me", 2), ("/health/ready", 1), ("/health/live", 0), ("/docs", 0)],
)
async def test_the_price_of_everything_else_that_is_read(
    ada: Person, connection: asyncpg.Connection, path: str, statements: int
) -> None:
    await ada.create_task()
    assert await count(ada, connection, method="GET", path=path) == (200, statements)


@pytest.mark.spec("AUTH-010")
async def test_a_token_is_looked_up_once(ada: Person, connection: asyncpg.Connection) -> None:
    prices = [await count(ada, connection, method="GET", path="/api/me") for _ in range(3)]
    assert prices == [(200, 4), (200, 2), (200, 2)]
