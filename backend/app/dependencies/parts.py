"""The parts of the process that serves a request, and the moment, as a route may ask for them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from app.database.connection import Database
from app.dependencies.bodies import Bodies
from app.services import accounts
from app.utils.cursors import CursorSigner
from app.utils.expiring import ExpiringMemory
from app.utils.jwt import TokenVerifiers


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that live as long as the process; `main` makes them."""

    database: Database
    identity: accounts.Identity
    verifiers: TokenVerifiers
    callers: ExpiringMemory[str]
    cursors: CursorSigner
    bodies: Bodies


def runtime_of(request: Request) -> Runtime:
    """Return the parts of the process that serves a request."""
    parts: Runtime = request.app.state.runtime
    return parts


async def parts(request: Request) -> Runtime:
    """Return the parts of the process, for what needs no caller."""
    return runtime_of(request)


async def now() -> datetime:
    """Return the moment, aware and in UTC."""
    return datetime.now(UTC)


Parts = Annotated[Runtime, Depends(parts)]
Now = Annotated[datetime, Depends(now)]
