"""Callers whose credential allows less than everything: each with a personal token of its own.

Nothing here judges an operation.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from fastapi import FastAPI

from app.domain.callers import Scope
from tests.api.personal import make_token
from tests.people import Person, open_client

EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True)
class Callers:
    """A person in three ways: signed in, with all scopes but one, and with one scope alone, by that scope."""

    person: Person
    without: dict[Scope, Person]
    having: dict[Scope, Person]


@asynccontextmanager
async def limited(app: FastAPI, person: Person, scopes: Iterable[Scope]) -> AsyncIterator[Person]:
    """Give a person with a personal token of these scopes alone, for as long as the block lasts.

    It has been used, so that its next use writes nothing.
    """
    token = (await make_token(person, scopes=[*scopes]))["token"]
    async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
        assert (await client.get("/api/me")).status_code in (200, 403)
        yield replace(person, client=client)


@asynccontextmanager
async def every_way(app: FastAPI, person: Person) -> AsyncIterator[Callers]:
    """Give a person in every way, for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        without, having = [
            {scope: await stack.enter_async_context(limited(app, person, scopes)) for scope, scopes in some}
            for some in (
                [(scope, EVERY_SCOPE - {scope}) for scope in Scope],
                [(scope, {scope}) for scope in Scope],
            )
        ]
        yield Callers(person, without, having)
