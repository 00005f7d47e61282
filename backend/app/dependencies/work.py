"""The caller's rows, as a route asks for them: for reading, for writing, or for changing something that is there under a condition."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant

from app.dependencies import Caller, runtime_of
from app.dependencies.conditions import condition, refuse_condition
from app.domain.changes import Origin, Source
from app.domain.errors import Busy, StillRunning, invalid_field
from app.domain.preconditions import Expected
from app.models.idempotency_key import KeptAnswer
from app.repositories.unit_of_work import UnitOfWork, reading, writing
from app.services import idempotency
from app.services.idempotency import KeyedRequest
from app.utils.headers import InvalidHeaderError, idempotency_key

_KEPT_HEADERS = ("content-type", "etag", "location")


@dataclass(frozen=True, slots=True)
class Unopened:
    """Rows that the route opens when everything else about the request is known to be right."""

    rows: AbstractAsyncContextManager[Any]


@dataclass(slots=True)
class Write:
    """A write that is under way: whose rows, when, what its caller expects of them, and what it is answered."""

    work: UnitOfWork
    now: datetime
    expected: Expected
    answered: Response | None = None

    def answer(self, response: Response) -> Response:
        """Note the answer, so that it can be kept together with the effect."""
        self.answered = response
        return response


class Replay(Exception):
    """The request was answered before, with this answer. It ends the request like a refusal, and is none."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


async def read(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for reading."""
    return Unopened(reading(runtime_of(request).database, _origin(request, user_id)))


async def write(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for a write that has no condition: what it makes is new, or it is of a whole collection.

    Raises:
        Invalid: A header of the request cannot be read, or is a condition.
    """
    refuse_condition(request.headers)
    return Unopened(_write(request, user_id, keyed=await _keyed(request), expected=Expected()))


async def change(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for a write of something that is there, under the condition of `If-Match`.

    Raises:
        Invalid: A header of the request cannot be read.
    """
    expected = condition(request.headers)
    return Unopened(_write(request, user_id, keyed=await _keyed(request), expected=expected))


def takes_condition(dependant: Dependant) -> bool:
    """Tell whether what a route depends on, directly, makes it a write under a condition."""
    return any(part.call is change for part in dependant.dependencies)


def _origin(request: Request, user_id: str) -> Origin:
    return Origin.own(user_id, Source.API, request.state.request_id)


@asynccontextmanager
async def _write(request: Request, user_id: str, *, keyed: KeyedRequest | None, expected: Expected) -> AsyncIterator[Write]:
    """Open the caller's rows for writing, under the caller's lock; a request that was answered before is not carried out again.

    Raises:
        Replay: The request was answered before.
        StillRunning: A request with the same key, or another write, has not ended in time.
    """
    async with AsyncExitStack() as stack:
        work = await _enter(stack, request, user_id, keyed=keyed is not None)
        # Under the lock, so that a person's moments follow the person's numbers.
        under_way = Write(work, datetime.now(UTC), expected)
        if keyed is not None and (kept := await idempotency.recall(work, keyed, now=under_way.now)) is not None:
            raise Replay(kept)
        yield under_way
        if keyed is not None:
            await _keep(under_way, keyed)


async def _enter(stack: AsyncExitStack, request: Request, user_id: str, *, keyed: bool) -> UnitOfWork:
    try:
        return await stack.enter_async_context(writing(runtime_of(request).database, _origin(request, user_id)))
    except Busy as busy:
        if not keyed:
            raise
        # Spec: features/safe-writes.md#SAFE-012
        raise StillRunning("An earlier request has not ended yet; please send this one again shortly.") from busy


async def _keyed(request: Request) -> KeyedRequest | None:
    """Return the request's idempotency key with a digest of what it asks for, or None when it has no key."""
    # Spec: features/safe-writes.md#SAFE-011
    try:
        key = idempotency_key(request.headers.getlist("Idempotency-Key"))
    except InvalidHeaderError as error:
        raise invalid_field("Idempotency-Key", str(error)) from error
    if key is None:
        return None
    target = f"{request.method}\0{request.scope['path']}\0".encode() + request.scope["query_string"]
    return KeyedRequest(key, hashlib.sha256(target + b"\0" + await request.body()).digest())


async def _keep(under_way: Write, keyed: KeyedRequest) -> None:
    if under_way.answered is None:
        raise RuntimeError("a write has no answer that could be kept")
    headers = {name: value for name, value in under_way.answered.headers.items() if name in _KEPT_HEADERS}
    body = bytes(under_way.answered.body)
    await idempotency.keep(
        under_way.work, keyed, status=under_way.answered.status_code, headers=orjson.dumps(headers).decode(), body=body, now=under_way.now
    )


# What an endpoint gets is open; `Route` opens it.
Reading = Annotated[UnitOfWork, Depends(read)]
Writing = Annotated[Write, Depends(write)]
Changing = Annotated[Write, Depends(change)]
