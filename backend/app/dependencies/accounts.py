"""What routes of signing in ask for: a caller who has signed in, the session that asks, and from where it comes."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.dependencies.addresses import client_address
from app.dependencies.callers import BearerDependency, caller_of
from app.dependencies.conditions import refuse_condition
from app.domain.callers import Caller, Scope
from app.models.session import ADDRESS_LENGTH, DEVICE_LENGTH
from app.services.sessions import Visit
from app.utils.headers import printable


class SignedInCaller(BearerDependency):
    """Gives the caller alone, for what opens rows by itself, if that is somebody who has signed in."""

    async def __call__(self, request: Request) -> Caller:  # type: ignore[override]
        """Return the caller.

        Raises:
            Invalid: The request has a condition.
        """
        caller = await self.find_caller(request)
        refuse_condition(request.headers)
        return caller

    async def find_caller(self, request: Request) -> Caller:
        """Return who is calling.

        Raises:
            SignInRequired: The credential was made for a program.
        """
        caller = await super().find_caller(request)
        caller.require_sign_in()
        return caller


async def visit(request: Request) -> Visit:
    """Return from where somebody comes, as far as it is told."""
    # Spec: features/sessions.md#SESSION-003
    device = printable(request.headers.get("User-Agent", ""), longest=DEVICE_LENGTH)
    return Visit(device or None, client_address(request)[:ADDRESS_LENGTH])


async def current_session(request: Request) -> UUID | None:
    """Return the session that the caller's credential is of, or None."""
    return (await caller_of(request)).session_id


AccountCaller = Annotated[Caller, Depends(SignedInCaller(Scope.ACCOUNT_WRITE))]
CurrentSession = Annotated[UUID | None, Depends(current_session)]
Visitor = Annotated[Visit, Depends(visit)]
