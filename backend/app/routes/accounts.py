"""Registering, logging in and the caller's own profile, over HTTP."""

from fastapi import APIRouter

from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route
from app.dependencies.work import AccountReading
from app.domain.errors import EmailTaken, OutcomeUnknown, Unavailable, WrongCredentials
from app.http.documented_problems import BODY, READ, documented
from app.models.account import AccountRow
from app.schemas.account import AccessRead, AccountCreate, AccountRead, Login
from app.services import accounts

public = APIRouter(prefix="/auth", tags=["accounts"], route_class=Route)
router = APIRouter(prefix="/api/me", tags=["accounts"], route_class=Route)


@public.post(
    "/register",
    status_code=201,
    response_model=AccountRead,
    responses=documented(EmailTaken, OutcomeUnknown, *BODY),
)
async def register(body: AccountCreate, parts: Parts, now: Now) -> AccountRow:
    """Register with an e-mail, a password and a name."""
    return await accounts.register(parts.identity, body, now=now)


@public.post("/login", response_model=AccessRead, responses=documented(WrongCredentials, Unavailable, *BODY))
async def log_in(body: Login, parts: Parts, now: Now) -> accounts.AccessToken:
    """Log in with e-mail and password for an access token of 15 minutes."""
    return await accounts.log_in(parts.identity, body, now=now)


@router.get("", response_model=AccountRead, responses=documented(*READ))
async def read_profile(work: AccountReading) -> AccountRow:
    """Read your own profile."""
    return await accounts.profile(work)
