"""Callers whose credential allows less than everything, as the process remembers them once their token is verified.

Nothing here judges an operation.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.domain.callers import Caller, Credential, Scope
from app.runtime import Runtime
from tests.people import Person, open_client

EVERY_SCOPE = frozenset(Scope)


@asynccontextmanager
async def limited(app: FastAPI, person: Person, scopes: Iterable[Scope]) -> AsyncIterator[Person]:
    """Give a person with a token that allows these scopes alone, for as long as the block lasts."""
    runtime: Runtime = app.state.runtime
    token = f"a verified token {uuid7()}"
    caller = Caller(person.user_id, Credential.ACCESS_TOKEN, scopes=frozenset(scopes))
    runtime.callers.keep(hashlib.sha256(token.encode()).digest(), caller, seconds=60)
    async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
        yield replace(person, client=client)
