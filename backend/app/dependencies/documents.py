"""Documents of whole accounts on their way in and out: in turn, and never whole in memory. It knows no account."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from app.dependencies.bodies import (
    Bodies,
    BodyTimeout,
    BodyTooLarge,
    MalformedBody,
    UnsupportedBody,
    announced,
    is_json,
)
from app.dependencies.callers import caller_of
from app.dependencies.limits import admit
from app.dependencies.routing import Route
from app.dependencies.solving import handling
from app.dependencies.work import AccountImporting
from app.domain.errors import invalid_field
from app.utils.spool import Spool
from app.utils.strict_json import MalformedJSONError, RepeatedNameError

LARGEST_DOCUMENT = 64 * 1024 * 1024
# Seconds for a document to arrive.
PATIENCE = 300.0
_HELD = "held_until_answered"


class DocumentRoute(Route):
    """A route of a document: what is held for the request, files and turns, is given back once it is answered.

    Args:
        path: The address.
        endpoint: An async function that answers with a response of its own making.
        options: As for FastAPI's own class.
    """

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[Any]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = _holding(self.app)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        usual = super().get_route_handler()
        importing = next((part.call for part in self.dependant.dependencies if _imports(part)), None)
        if not isinstance(importing, AccountImporting):
            return usual
        handle, admission = handling(self.dependant), self.admission

        async def gather_and_handle(request: Request) -> Response:
            # Spec: features/operations.md#OPS-030 features/auth.md#AUTH-013
            await admit(request, admission, bearer=importing)
            spool = await hold_spool(request)
            await _gather(request, spool)
            return await handle(_Gathered(request, spool))

        return gather_and_handle


class _Gathered(Request):
    """A request whose document is in a spool; what stands for its body is a digest of it."""

    def __init__(self, request: Request, spool: Spool) -> None:
        super().__init__(request.scope)
        self.scope["state"]["document"] = spool
        self._body = spool.digest


def _imports(part: Dependant) -> bool:
    return isinstance(part.call, AccountImporting)


def _holding(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            scope["state"][_HELD] = stack
            await app(scope, receive, send)

    return answer


def held(request: Request) -> AsyncExitStack:
    """Return what is held until the request is answered."""
    stack: AsyncExitStack = request.scope["state"][_HELD]
    return stack


async def hold_spool(request: Request) -> Spool:
    """Wait for the caller's turn, and return an empty spool; both are held until the request is answered.

    Raises:
        Busy: The turn did not come in time.
    """
    # Spec: features/portability.md#PORT-005
    bodies: Bodies = request.app.state.bodies
    leave = await bodies.documents.enter((await caller_of(request)).person_id)
    held(request).callback(leave)
    spool = Spool()
    held(request).callback(spool.close)
    return spool


async def spool_of(request: Request) -> Spool:
    """Return the document that came with a request."""
    spool: Spool = request.scope["state"]["document"]
    return spool


@asynccontextmanager
async def read_strictly() -> AsyncIterator[None]:
    """Refuse a document that is no JSON as every other body is."""
    try:
        yield
    except MalformedJSONError as error:
        raise MalformedBody from error
    except RepeatedNameError as error:
        raise invalid_field("body", "must not have the same name twice in one object") from error


async def _gather(request: Request, spool: Spool) -> None:
    """Gather a body.

    Raises:
        BodyRefused: It is too large, does not arrive in time, or is of another type.
        ClientDisconnect: It breaks off.
    """
    # Spec: features/portability.md#PORT-005
    if announced(request.headers.get("Content-Length", "")) > LARGEST_DOCUMENT:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(PATIENCE):
            await _read(request, spool)
    except TimeoutError as error:
        raise BodyTimeout from error
    if not spool.size:
        raise invalid_field("body", "is required")


async def _read(request: Request, spool: Spool) -> None:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        if spool.size + len(piece) > LARGEST_DOCUMENT:
            raise BodyTooLarge
        if piece and not is_json(request.headers.get("Content-Type", "")):
            raise UnsupportedBody
        await spool.add(piece)
        if not message.get("more_body", False):
            return
