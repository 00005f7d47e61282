"""Prepares what a run measures: a migrated and seeded database, with the floor and the service on it.

It also knows how each of the two is told who calls.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time

import asyncpg

from app.database.migrate import migrate
from app.database.url import read_address
from app.models.account import OWN_ISSUER
from app.services.sessions import TOKEN_AUDIENCE, TOKEN_TYPE
from app.utils.jwt import sign_token
from bench import data, profiling
from bench.operations import Target
from bench.servers import HOST, free_port, serving

_TOKEN_SECONDS = 4 * 3600
_UVICORN_OPTIONS = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header")
_POOL_SIZE = 8
# Everything is counted, as for anybody, and nothing is refused.
_LIMITS = "read=900000000/minute,write=900000000/minute,heavy=900000000/minute,auth=900000000/minute"
Listening = tuple[int, int]


@dataclass(frozen=True)
class Stage:
    """Everything that runs, a connection of the owner of the tables, and how and where the service was started."""

    floor: Target
    service: Target
    owner: asyncpg.Connection
    settings: Mapping[str, str]
    folder: Path


@asynccontextmanager
async def set_stage(url: str, folder: Path, *, profile: Path | None) -> AsyncIterator[Stage]:
    """Migrate and seed the database and start both targets.

    `profile` is where the service, run under the profiler, saves its result.
    """
    secret = secrets.token_urlsafe(48)
    settings = _settings(url, secret)
    await migrate(read_address(url))
    owner = await asyncpg.connect(url)
    try:
        await data.seed(owner)
        async with (
            _floor(url, log=folder / "floor.log") as floor,
            _service(settings, log=folder / "service.log", profile=profile) as service,
        ):
            targets = Target("floor", *floor, _user_headers()), Target("service", *service, _tokens(secret))
            yield Stage(*targets, owner, settings, folder)
    finally:
        await owner.close()


@asynccontextmanager
async def another_service(stage: Stage, name: str, **settings: str) -> AsyncIterator[Target]:
    """Start the service once more, with other settings, beside the one that runs, on its database."""
    changed = {**stage.settings, **settings}
    async with _service(changed, log=stage.folder / f"{name}.log", profile=None) as listening:
        yield Target(name, *listening, stage.service.identities)


def _settings(url: str, secret: str) -> dict[str, str]:
    """Give the service's settings, as in production, with one worker, because the floor is one process."""
    numbers = {"AGENDUM_POOL_SIZE": str(_POOL_SIZE), "AGENDUM_WORKERS": "1", "AGENDUM_LIMITS": _LIMITS}
    return {"DATABASE_URL": url, "AGENDUM_ENV": "production", "BETTER_AUTH_SECRET": secret, **numbers}


@asynccontextmanager
async def _floor(url: str, *, log: Path) -> AsyncIterator[Listening]:
    port = free_port()
    program, place = ("-m", "uvicorn", "bench.floor:application"), ("--host", HOST, "--port", str(port))
    command = (*program, *place, *_UVICORN_OPTIONS)
    async with serving(*command, port=port, environment={"DATABASE_URL": url}, log=log) as process_id:
        yield port, process_id


@asynccontextmanager
async def _service(
    settings: Mapping[str, str], *, log: Path, profile: Path | None
) -> AsyncIterator[Listening]:
    """Start the service by its own command, with its log lines in a file."""
    port = free_port()
    environment = {**settings, "AGENDUM_HOST": HOST, "AGENDUM_PORT": str(port)}
    module = "app"
    if profile is not None:
        module = profiling.__name__
        environment[profiling.FILE_VARIABLE] = str(profile)
    async with serving("-m", module, "serve", port=port, environment=environment, log=log) as process_id:
        yield port, process_id


def _user_headers() -> list[str]:
    return [f"x-user-id: {data.user_id(person)}\r\n" for person in range(data.EVERYBODY)]


def _tokens(secret: str) -> list[str]:
    """Mint the access token that a login would have given to each person, for longer than a run lasts."""
    now = int(time())
    claims = {"iss": OWN_ISSUER, "aud": TOKEN_AUDIENCE, "iat": now, "exp": now + _TOKEN_SECONDS}
    people = [data.user_id(person) for person in range(data.EVERYBODY)]
    tokens = [
        sign_token(secret, claims={**claims, "sub": user_id, "sid": user_id}, token_type=TOKEN_TYPE)
        for user_id in people
    ]
    return [f"authorization: Bearer {token}\r\n" for token in tokens]
