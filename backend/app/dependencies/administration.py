"""What administrators reach, as a route asks for it: by a scope of the credential, and by the role of the person.

It opens nobody's rows.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.dependencies.callers import BearerDependency
from app.dependencies.parts import runtime_of
from app.dependencies.work import Changing, Rows, Unopened, Write
from app.domain.callers import Caller, Role, Scope
from app.domain.changes import Origin, Source
from app.repositories.administration import Administration, acting, administering, inspecting
from app.services.idempotency import KeyedRequest


class OfAdministrators(BearerDependency):
    """What a route of administration asks of its caller: a scope, as every route does, and then the role."""

    async def find_caller(self, request: Request) -> Caller:
        """Return who is calling.

        Raises:
            Unauthenticated: There is no token.
            TokenInvalid: It is not acceptable.
            ScopeMissing: It does not allow what the route does.
            RoleMissing: Its person is no administrator.
            Unavailable: The token's issuer has never answered.
        """
        # Spec: features/administration.md#ADMIN-004
        caller = await super().find_caller(request)
        caller.require_role(Role.ADMIN)
        return caller


class Inspecting(OfAdministrators):
    """Gives what administrators see, for reading."""

    async def __call__(self, request: Request) -> Unopened:  # type: ignore[override]
        """Return what administrators see."""
        caller = await self.find_caller(request)
        return Unopened(inspecting(runtime_of(request).database, _origin(request, caller)))


class Administering(OfAdministrators, Changing):
    """Gives what administrators change, under the condition of `If-Match`."""

    async def _keyed(self, request: Request, caller: Caller) -> KeyedRequest | None:
        """Return the request's key as one of this administrator's own: answers are kept for all of them together."""
        keyed = await super()._keyed(request, caller)
        if keyed is None:
            return None
        own = hashlib.sha256(f"{caller.person_id}\0{keyed.key}".encode())
        return keyed._replace(key=own.hexdigest())

    def _rows(self, request: Request, caller: Caller) -> Rows:
        of = (runtime_of(request).database, _origin(request, caller))
        return Rows(partial(_administering, request, of[1]), partial(inspecting, *of))


@asynccontextmanager
async def _administering(request: Request, origin: Origin) -> AsyncIterator[Administration]:
    """Open what administrators change; once that has ended, whose credentials it may have revoked is forgotten here."""
    runtime = runtime_of(request)
    try:
        async with administering(runtime.database, origin, now=runtime.clock()) as work:
            yield work
    finally:
        # Spec: features/administration.md#ADMIN-006
        if user_id := request.path_params.get("user_id"):
            runtime.forget(str(UUID(user_id)))


def _origin(request: Request, caller: Caller) -> Origin:
    return acting(caller.person_id, Source.API, request.state.request_id)


# What an endpoint gets is open; `Route` opens it.
UsersReading = Annotated[Administration, Depends(Inspecting(Scope.USERS_READ))]
UsersChanging = Annotated[Write[Administration], Depends(Administering(Scope.USERS_WRITE))]
