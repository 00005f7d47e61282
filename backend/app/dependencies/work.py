"""The caller's rows, as a route asks for them by a scope: for reading, writing, or changing under a condition."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Generic, NamedTuple, TypedDict, TypeVar

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from starlette.datastructures import Headers

from app.dependencies.callers import BearerDependency
from app.dependencies.conditions import condition, refuse_condition
from app.dependencies.parts import runtime_of
from app.dependencies.repeats import keep, keyed_request, replay_instead
from app.domain.callers import Caller, Scope
from app.domain.changes import Origin, Source
from app.domain.errors import Busy, StillRunning, invalid_field
from app.domain.preconditions import Expected
from app.repositories.unit_of_work import UnitOfWork, reading, snapshot, writing
from app.services.idempotency import KeyedRequest

Work = TypeVar("Work")


@dataclass(frozen=True, slots=True)
class Unopened:
    """Rows that the route opens when everything else about the request is known to be right."""

    rows: AbstractAsyncContextManager[Any]


class Terms(TypedDict):
    """On what terms something that is there is written: when, and what its caller has seen of it."""

    now: datetime
    expected: Expected


class Rows(NamedTuple):
    """What a write of a caller opens: the rows that it changes, and the same to look up what was answered before."""

    change: Callable[[], AbstractAsyncContextManager[Any]]
    look_up: Callable[[], AbstractAsyncContextManager[Any]]


@dataclass(slots=True)
class Write(Generic[Work]):
    """A write that is under way: whose rows, by whom, when, what is expected of them, and what it is answered."""

    work: Work
    caller: Caller
    now: datetime
    expected: Expected
    answered: Response | None = None

    @property
    def terms(self) -> Terms:
        """On what terms something that is there is written, as the services take them."""
        return Terms(now=self.now, expected=self.expected)

    def answer(self, response: Response) -> Response:
        """Note the answer, so that it can be kept together with the effect."""
        self.answered = response
        return response


class Reading(BearerDependency):
    """Gives the caller's rows for reading."""

    async def __call__(self, request: Request) -> Unopened:  # type: ignore[override]
        """Return the rows."""
        caller = await self.find_caller(request)
        return Unopened(reading(runtime_of(request).database, _origin(request, caller)))


class Writing(BearerDependency):
    """Gives the caller's rows for a write without a condition: of what is new, or of a whole collection."""

    async def __call__(self, request: Request) -> Unopened:  # type: ignore[override]
        """Return the rows.

        Raises:
            Invalid: A header of the request cannot be read, or is a condition.
        """
        caller, expected = await self.find_caller(request), self._expected(request.headers)
        keyed = await self._keyed(request, caller)
        return Unopened(_write(request, caller, self._rows(request, caller), keyed=keyed, expected=expected))

    async def _keyed(self, request: Request, _caller: Caller) -> KeyedRequest | None:
        return await keyed_request(request)

    def _rows(self, request: Request, caller: Caller) -> Rows:
        of = (runtime_of(request).database, _origin(request, caller))
        return Rows(partial(writing, *of), partial(reading, *of))

    def _expected(self, headers: Headers) -> Expected:
        refuse_condition(headers)
        return Expected()


class Changing(Writing):
    """Gives the caller's rows for a write of something that is there, under the condition of `If-Match`."""

    def _expected(self, headers: Headers) -> Expected:
        return condition(headers)


class Snapshot(BearerDependency):
    """Gives the caller's rows for reading all of them as of one moment."""

    async def __call__(self, request: Request) -> Unopened:  # type: ignore[override]
        """Return the rows."""
        caller = await self.find_caller(request)
        return Unopened(snapshot(runtime_of(request).database, _origin(request, caller)))


class AccountImporting(Writing):
    """Gives the caller's rows for a write of everything, whose body is a document of its own size."""


class Departure(NamedTuple):
    """A caller who wants to go, and what is expected of the account."""

    caller: Caller
    expected: Expected


class Departing(BearerDependency):
    """Gives the caller of a request after which there is nobody to answer again."""

    async def __call__(self, request: Request) -> Departure:  # type: ignore[override]
        """Return who is going.

        Raises:
            Invalid: A header of the request cannot be read, or is an idempotency key: nothing is kept for nobody.
        """
        caller, expected = await self.find_caller(request), condition(request.headers)
        if "Idempotency-Key" in request.headers:
            # Spec: features/users.md#USER-076
            raise invalid_field("Idempotency-Key", "is not taken here, because no answer is kept for nobody")
        return Departure(caller, expected)


def takes_condition(dependant: Dependant) -> bool:
    """Tell whether what a route depends on, directly, makes it a write under a condition."""
    return any(isinstance(part.call, Changing | Departing) for part in dependant.dependencies)


def keeps_answers(dependant: Dependant) -> bool:
    """Tell whether what a route depends on, directly, keeps its answers under the key of a request."""
    return any(isinstance(part.call, Writing) for part in dependant.dependencies)


def _origin(request: Request, caller: Caller) -> Origin:
    return Origin.own(caller.person_id, Source.API, request.state.request_id)


@asynccontextmanager
async def _write(
    request: Request, caller: Caller, rows: Rows, *, keyed: KeyedRequest | None, expected: Expected
) -> AsyncIterator[Write[Any]]:
    """Open rows for writing, under the lock of their owner; what was answered before has no further effect.

    A request with a key is carried out, and found to be a repetition when its answer is kept, or when it is refused:
    then it is rolled back. The first request, which is nearly every one, does not pay for a look-up.

    Raises:
        Replay: The request was answered before.
        KeyReused: Another request with its key was.
        StillRunning: A request with the same key, or another write, has not ended in time.
    """
    under_way = None
    try:
        async with AsyncExitStack() as stack:
            work = await _enter(stack, rows, keyed=keyed is not None)
            # Under the lock, so that a person's moments follow the person's numbers.
            under_way = Write(work, caller, runtime_of(request).clock(), expected)
            yield under_way
            if keyed is not None:
                await keep(work, keyed, under_way.answered, now=under_way.now)
    except Exception as refused:
        if under_way is not None and keyed is not None:
            await replay_instead(refused, keyed, rows.look_up(), now=under_way.now)
        raise
    finally:
        # When it has ended, and also when its end is not known.
        if under_way is not None and under_way.work.ends_credentials:
            # Spec: features/personal-tokens.md#TOKEN-013
            runtime_of(request).forget(caller.person_id)


async def _enter(stack: AsyncExitStack, rows: Rows, *, keyed: bool) -> Any:
    try:
        return await stack.enter_async_context(rows.change())
    except Busy as busy:
        if not keyed:
            raise
        # Spec: features/safe-writes.md#SAFE-012
        raise StillRunning(
            "An earlier request has not ended yet; please send this one again shortly."
        ) from busy


# What an endpoint gets is open; `Route` opens it.
TaskReading = Annotated[UnitOfWork, Depends(Reading(Scope.TASKS_READ))]
TaskWriting = Annotated[Write[UnitOfWork], Depends(Writing(Scope.TASKS_WRITE))]
TaskChanging = Annotated[Write[UnitOfWork], Depends(Changing(Scope.TASKS_WRITE))]
AccountReading = Annotated[UnitOfWork, Depends(Reading(Scope.ACCOUNT_READ))]
AccountWriting = Annotated[Write[UnitOfWork], Depends(Writing(Scope.ACCOUNT_WRITE))]
AccountChanging = Annotated[Write[UnitOfWork], Depends(Changing(Scope.ACCOUNT_WRITE))]
AccountLeaving = Annotated[Departure, Depends(Departing(Scope.ACCOUNT_WRITE))]
