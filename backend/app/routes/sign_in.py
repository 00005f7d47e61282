"""Logging in, refreshing and logging out, over HTTP."""

from fastapi import APIRouter, Request, Response

from app.dependencies.accounts import AccountCaller, Visitor
from app.dependencies.addresses import PasswordAttempt
from app.dependencies.bodies import BodyTimeout, BodyTooLarge
from app.dependencies.parts import Now, Parts
from app.dependencies.refresh_cookie import Leaver, LoginFrom, RefreshFrom
from app.dependencies.routing import Route
from app.domain.account_errors import ForeignOrigin, RefreshReused, SignInRequired, WrongCredentials
from app.domain.errors import Forbidden, Invalid, OutcomeUnknown, TokenInvalid
from app.http.documented_problems import BODY, READ, documented
from app.http.sign_ins import signed_in, signed_out
from app.schemas.sign_in import AccessRead, PasswordChange
from app.services import passwords, sessions, sign_in

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=Route)


@router.post(
    "/login",
    response_model=AccessRead,
    responses=documented(WrongCredentials, ForeignOrigin, OutcomeUnknown, *BODY),
)
async def log_in(
    body: LoginFrom, visitor: Visitor, *, attempt: PasswordAttempt, request: Request, parts: Parts, now: Now
) -> Response:
    """Log in with e-mail and password, for an access token of 15 minutes and a refresh token."""
    given = await sign_in.log_in(parts.identity, body, visitor, attempt=attempt, now=now)
    return signed_in(request, given, in_body=not body.cookie)


@router.post(
    "/refresh",
    response_model=AccessRead,
    responses=documented(TokenInvalid, RefreshReused, ForeignOrigin, OutcomeUnknown, *BODY),
)
async def refresh(
    sent: RefreshFrom, visitor: Visitor, *, request: Request, parts: Parts, now: Now
) -> Response:
    """Get the next access token and the next refresh token; the one that is sent is used up."""
    given = await sessions.refresh(parts.identity, sent.token, visitor, now=now)
    return signed_in(request, given, in_body=sent.in_body)


@router.post(
    "/logout",
    status_code=204,
    responses=documented(TokenInvalid, Forbidden, ForeignOrigin, OutcomeUnknown, *BODY),
)
async def log_out(leaver: Leaver, *, request: Request, parts: Parts, now: Now) -> Response:
    """End your session, by its access token, its refresh token or its cookie."""
    await sessions.log_out(parts.identity, leaver, now=now)
    return signed_out(request)


@router.post(
    "/logout-all",
    status_code=204,
    responses=documented(*READ, SignInRequired, OutcomeUnknown, BodyTimeout, BodyTooLarge, Invalid),
)
async def log_out_everywhere(caller: AccountCaller, *, request: Request, parts: Parts, now: Now) -> Response:
    """End all of your sessions, and refuse every token that anybody has issued for you before now."""
    await sessions.log_out_everywhere(parts.identity, caller, now=now)
    return signed_out(request)


@router.post(
    "/password",
    status_code=204,
    responses=documented(*READ, WrongCredentials, SignInRequired, Forbidden, OutcomeUnknown, *BODY),
)
async def change_password(
    caller: AccountCaller, body: PasswordChange, *, parts: Parts, attempt: PasswordAttempt, now: Now
) -> Response:
    """Change your password; your other sessions end, and this one goes on."""
    await passwords.change(parts.identity, caller, body, attempt=attempt, now=now)
    return Response(None, 204)
