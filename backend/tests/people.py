"""People for tests: each is a client of the API with a token of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.database.connection import Database
from app.dependencies.bodies import Bodies
from app.domain.callers import Caller
from app.models.account import OWN_ISSUER, AccountRow
from app.models.session import SessionRow
from app.runtime import Runtime, identity_of
from app.services.sessions import TOKEN_AUDIENCE, TOKEN_TYPE
from app.utils.expiring import ExpiringMemory
from app.utils.jwt import sign_token
from tests.api.rows import fetch

PASSWORD = "correct horse battery"
# Made once, with the parameters of the service: hashing takes a while.
PASSWORD_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$fCETIp4afQKe8leV9b4aHA$AvLvaQpRxKoap951a1L9GUUZ25hMFn24sjJnj47+SWI"
)


@dataclass
class Person:
    """A registered person and a client that sends the person's token."""

    user_id: str
    client: httpx2.AsyncClient
    app: FastAPI | None = None

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

    async def start_session(self, *, device: str = "Another device", **content: Any) -> UUID:
        """Begin another session of the person, as a login would, and return its id."""
        assert self.app is not None
        session_id = UUID(str(uuid7()))
        runtime: Runtime = self.app.state.runtime
        async with runtime.identity.open_register() as directory:
            await directory.sign_ins.start(session(self.user_id, session_id, device, **content), most=100)
        return session_id


def using(runtime: Runtime, database: Database) -> Runtime:
    """Return the same parts over another database, with nobody remembered."""
    callers: ExpiringMemory[Caller] = ExpiringMemory(1000)
    known = runtime.identity
    identity = identity_of(database, known.passwords, known.secrets, callers=callers)
    return replace(runtime, database=database, identity=identity, callers=callers)


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


def session(user_id: str, session_id: UUID, device: str | None = None, **content: Any) -> SessionRow:
    """Return a session as a login begins one, a while ago unless it is said when."""
    begun = datetime.now(UTC) - timedelta(seconds=1)
    ends = begun + timedelta(days=30)
    row = SessionRow(user_id, session_id, bytes(32), 1, [], begun, begun, ends, device, None)
    return row._replace(**content)


def access_token(runtime: Runtime, user_id: str, **claims: object) -> str:
    """Return an access token of our own, as a login would give: of the session whose id is the person's."""
    moment = int(datetime.now(UTC).timestamp())
    who = {"iss": OWN_ISSUER, "aud": TOKEN_AUDIENCE, "sub": user_id, "sid": user_id}
    usual = {**who, "iat": moment, "exp": moment + 900}
    return sign_token(runtime.identity.secret, claims=usual | claims, token_type=TOKEN_TYPE)


@cache
def password_hash() -> str:
    """Return a hash of `PASSWORD` that is verified in no time."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


async def make_person(app: FastAPI) -> Person:
    """Register somebody, without the cost of a password, who has a session, and return the person's client."""
    runtime: Runtime = app.state.runtime
    user_id = str(uuid7())
    account = AccountRow(user_id, f"{user_id}@example.com", "Ada", datetime.now(UTC))
    async with runtime.identity.open_register() as directory:
        assert await directory.register(account, password_hash=password_hash()) is not None
        await directory.sign_ins.start(session(user_id, UUID(user_id)), most=100)
    headers = {"Authorization": f"Bearer {access_token(runtime, user_id)}"}
    return Person(user_id, open_client(app, headers), app)


async def promote(connection: asyncpg.Connection, person: Person) -> None:
    """Make somebody an administrator, as the superuser; before the person's first request, which is remembered."""
    await fetch(connection, "UPDATE agendum.account SET role = 'admin' WHERE user_id = $1", person.user_id)


@asynccontextmanager
async def joined(app: FastAPI) -> AsyncIterator[Person]:
    """Register somebody for as long as the block lasts."""
    person = await make_person(app)
    async with person.client:
        yield person
