"""Logging in, over HTTP."""

from fastapi import APIRouter

from app.dependencies.addresses import ClientAddress
from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route
from app.domain.errors import Unavailable, WrongCredentials
from app.http.documented_problems import BODY, documented
from app.schemas.sign_in import AccessRead, Login
from app.services import sign_in

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=Route)


@router.post("/login", response_model=AccessRead, responses=documented(WrongCredentials, Unavailable, *BODY))
async def log_in(body: Login, parts: Parts, *, address: ClientAddress, now: Now) -> sign_in.AccessToken:
    """Log in with e-mail and password for an access token of 15 minutes."""
    return await sign_in.log_in(parts.identity, body, budgets=parts.budgets, address=address, now=now)
