"""The caller's rows, as a route asks for them: for reading, for writing, or for changing something that is there under a condition."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant

from app.dependencies.callers import Caller
from app.dependencies.conditions import condition, refuse_condition
from app.dependencies.parts import runtime_of
from app.dependencies.repeats import Replay, keep, keyed_request
from app.domain.changes import Origin, Source
from app.domain.errors import Busy, StillRunning
from app.domain.preconditions import Expected
from app.repositories.unit_of_work import UnitOfWork, reading, writing
from app.services import idempotency
from app.services.idempotency import KeyedRequest


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


async def read(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for reading."""
    return Unopened(reading(runtime_of(request).database, _origin(request, user_id)))


async def write(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for a write that has no condition: what it makes is new, or it is of a whole collection.

    Raises:
        Invalid: A header of the request cannot be read, or is a condition.
    """
    refuse_condition(request.headers)
    return Unopened(_write(request, user_id, keyed=await keyed_request(request), expected=Expected()))


async def change(request: Request, user_id: Caller) -> Unopened:
    """Give the caller's rows for a write of something that is there, under the condition of `If-Match`.

    Raises:
        Invalid: A header of the request cannot be read.
    """
    expected = condition(request.headers)
    return Unopened(_write(request, user_id, keyed=await keyed_request(request), expected=expected))


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
        under_way = Write(work, runtime_of(request).clock(), expected)
        if keyed is not None and (kept := await idempotency.recall(work, keyed, now=under_way.now)) is not None:
            raise Replay(kept)
        yield under_way
        if keyed is not None:
            await keep(work, keyed, under_way.answered, now=under_way.now)


async def _enter(stack: AsyncExitStack, request: Request, user_id: str, *, keyed: bool) -> UnitOfWork:
    try:
        return await stack.enter_async_context(writing(runtime_of(request).database, _origin(request, user_id)))
    except Busy as busy:
        if not keyed:
            raise
        # Spec: features/safe-writes.md#SAFE-012
        raise StillRunning("An earlier request has not ended yet; please send this one again shortly.") from busy


# What an endpoint gets is open; `Route` opens it.
Reading = Annotated[UnitOfWork, Depends(read)]
Writing = Annotated[Write, Depends(write)]
Changing = Annotated[Write, Depends(change)]
