"""Registering, over HTTP."""

from fastapi import APIRouter

from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route
from app.domain.account_errors import EmailTaken, InvitationRequired
from app.domain.errors import OutcomeUnknown
from app.http.documented_problems import BODY, documented
from app.models.account import AccountRow
from app.schemas.profile import AccountRead
from app.schemas.registration import AccountCreate
from app.services import registration

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=Route)


@router.post(
    "/register",
    status_code=201,
    response_model=AccountRead,
    responses=documented(EmailTaken, InvitationRequired, OutcomeUnknown, *BODY),
)
async def register(body: AccountCreate, parts: Parts, now: Now) -> AccountRow:
    """Register with an e-mail, a password and a name; where a mail server is configured, a mail comes to verify it."""
    return await registration.register(parts.identity, body, parts.registering, now=now)
