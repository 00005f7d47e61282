"""People for tests: each is a client of the API with a token of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.database.connection import Database
from app.dependencies.bodies import Bodies
from app.models.account import OWN_ISSUER, AccountRow
from app.runtime import Runtime, identity_of
from app.services.sign_in import TOKEN_AUDIENCE, TOKEN_TYPE
from app.utils.expiring import ExpiringMemory
from app.utils.jwt import sign_token
from tests.api.rows import fetch


@dataclass
class Person:
    """A registered person and a client that sends the person's token."""

    user_id: str
    client: httpx2.AsyncClient

    async def create_task(self, **content: Any) -> dict[str, Any]:
        """Create a task and return what the API answered."""
        response = await self.client.post("/api/tasks", json={"title": "Pay rent"} | content)
        assert response.status_code == 201, response.text
        task: dict[str, Any] = response.json()
        return task

    async def changes(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the person's changes after a number."""
        response = await self.client.get("/api/changes", params={"after": after, "limit": 100})
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items


def using(runtime: Runtime, database: Database) -> Runtime:
    """Return the same parts over another database, with nobody remembered."""
    identity = identity_of(database, runtime.identity.passwords, runtime.identity.secret)
    return replace(runtime, database=database, identity=identity, callers=ExpiringMemory(1000))


@asynccontextmanager
async def served_from(app: FastAPI, database: Database) -> AsyncIterator[None]:
    """Let the application use another pool, which is open for as long as the block lasts."""
    await database.open()
    original = app.state.runtime
    app.state.runtime = using(original, database)
    app.state.bodies = Bodies()
    yield
    app.state.runtime = original
    await database.close()


def open_client(app: FastAPI, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    """Return a client that speaks to the application without a socket."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://agendum.test", headers=headers
    )


def access_token(runtime: Runtime, user_id: str, **claims: object) -> str:
    """Return an access token of our own, as a login would give."""
    moment = int(datetime.now(UTC).timestamp())
    usual = {"iss": OWN_ISSUER, "aud": TOKEN_AUDIENCE, "sub": user_id, "iat": moment, "exp": moment + 900}
    return sign_token(runtime.identity.secret, claims=usual | claims, token_type=TOKEN_TYPE)


async def make_person(app: FastAPI) -> Person:
    """Register somebody, without the cost of a password, and return the person's client."""
    runtime: Runtime = app.state.runtime
    user_id = str(uuid7())
    account = AccountRow(user_id, f"{user_id}@example.com", "Ada", datetime.now(UTC))
    async with runtime.identity.open_register() as directory:
        assert await directory.register(account, password_hash="not a hash") is not None
    return Person(user_id, open_client(app, {"Authorization": f"Bearer {access_token(runtime, user_id)}"}))


async def promote(connection: asyncpg.Connection, person: Person) -> None:
    """Make somebody an administrator, as the superuser; before the person's first request, which is remembered."""
    await fetch(connection, "UPDATE agendum.account SET role = 'admin' WHERE user_id = $1", person.user_id)


@asynccontextmanager
async def joined(app: FastAPI) -> AsyncIterator[Person]:
    """Register somebody for as long as the block lasts."""
    person = await make_person(app)
    async with person.client:
        yield person
