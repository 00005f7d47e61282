"""The floor: a bare ASGI program on asyncpg that reads and writes the same rows as the service, and does nothing else.

PostgreSQL builds the JSON of every answer. No credentials, row-level security, lock, log or limit: never expose it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from app.domain.due import Due, instant
from app.domain.ordering import initial
from app.domain.search import query, vector
from bench import floor_sql

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PAGE = 50
_POOL_SIZE = 8
_ID_START = len("/api/tasks/")
_ID_END = _ID_START + 36


class Floor:
    """The ASGI program; its pool lives from startup to shutdown."""

    def __init__(self) -> None:
        self._pool: Any = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or follow the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            status, body = await self._answer(scope, receive)
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        url = os.environ["DATABASE_URL"]
        self._pool = await asyncpg.create_pool(
            url, min_size=_POOL_SIZE, max_size=_POOL_SIZE, reset=_nothing_to_reset
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        async with asyncio.timeout(5):
            await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, bytes]:
        method, path, owner = scope["method"], scope["path"], _owner(scope)
        if method == "POST":
            return await self._create(owner, await _body(receive))
        if method == "PATCH":
            return await self._complete(owner, UUID(path[_ID_START:_ID_END]), await _body(receive))
        if len(path) > _ID_START:
            return _found(await self._pool.fetchval(floor_sql.GET, owner, UUID(path[_ID_START:])))
        statement, *values = _list(owner, parse_qs(scope["query_string"].decode()))
        return _found(await self._pool.fetchval(statement, owner, _PAGE, datetime.now(UTC).date(), *values))

    async def _create(self, owner: str, body: Any) -> tuple[int, bytes]:
        due_date, due_time, due_zone = _due(body["due"])
        content = body["title"], body["description"], body["priority"], due_date, due_time, due_zone
        now, task_id = datetime.now(UTC), uuid7()
        due_at = None if due_date is None else instant(Due(due_date, due_time, due_zone))
        derived = (
            due_at,
            initial(now, task_id),
            vector(owner, important=body["title"], other=body["description"]),
        )
        made = now, uuid7(), str(uuid7())
        return _found(
            await self._pool.fetchval(floor_sql.CREATE, owner, task_id, *content, *made, *derived), status=201
        )

    async def _complete(self, owner: str, task_id: UUID, body: Any) -> tuple[int, bytes]:
        values = body["completed"], datetime.now(UTC), uuid7(), str(uuid7())
        return _found(await self._pool.fetchval(floor_sql.COMPLETE, owner, task_id, *values))


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """Reset nothing, because the floor changes no state of a session."""


def _list(owner: str, asked: dict[str, list[str]]) -> tuple[str, *tuple[object, ...]]:
    """Choose the statement of a list, with the values beyond owner, limit and day."""
    if "q" in asked:
        return floor_sql.SEARCH, query(owner, asked["q"][0])
    return (floor_sql.FILTER, asked["priority"][0].split(",")) if "priority" in asked else (floor_sql.LIST,)


def _owner(scope: Message) -> str:
    owner: bytes = next(value for name, value in scope["headers"] if name == b"x-user-id")
    return owner.decode()


async def _body(receive: Receive) -> Any:
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    return orjson.loads(body)


def _due(due: dict[str, str] | None) -> tuple[date | None, time | None, str | None]:
    if due is None:
        return None, None, None
    clock = time.fromisoformat(due["time"]) if "time" in due else None
    return date.fromisoformat(due["date"]), clock, due.get("timezone")


def _found(text: str | None, *, status: int = 200) -> tuple[int, bytes]:
    return (404, b"{}") if text is None else (status, text.encode())


application = Floor()
