"""Asking with tokens: an application of any settings, and how a credential is refused."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import httpx2

from app.config import Settings
from app.main import create_app
from app.utils.jwt import sign_token
from tests.conftest import SECRET, BorrowedDatabase
from tests.people import open_client, using

ELSEWHERE = "https://elsewhere.example"
MakeClient = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


@asynccontextmanager
async def serving(
    settings: Settings, connection: asyncpg.Connection | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    """Run an application of these settings, over the test's transaction if there is one, and give a client of it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        if connection is not None:
            app.state.runtime = using(app.state.runtime, BorrowedDatabase(connection))
        async with open_client(app) as client:
            yield client


async def ask(client: httpx2.AsyncClient, token: str | bytes, path: str = "/api/me") -> httpx2.Response:
    """Ask with a token."""
    raw = token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass")
    return await client.get(path, headers={b"Authorization": b"Bearer " + raw})


def shared(issuer: str = ELSEWHERE, **claims: object) -> str:
    """Return a token that was minted elsewhere under the shared secret."""
    usual = {"iss": issuer, "sub": "ada", "exp": int(datetime.now(UTC).timestamp()) + 60}
    return sign_token(
        SECRET,
        claims={name: value for name, value in (usual | claims).items() if value is not None},
        token_type="JWT",
    )


MISSING = ("Bearer", "UNAUTHENTICATED")
INVALID = ('Bearer error="invalid_token"', "INVALID_TOKEN")


def assert_refused(
    response: httpx2.Response, about: object = None, *, told: tuple[str, str] = INVALID
) -> None:
    """Assert that a credential was refused as one is, whatever was wrong with it."""
    assert response.status_code == 401, about
    assert (response.headers["WWW-Authenticate"], response.json()["code"]) == told, about
