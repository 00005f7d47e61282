"""A new password for somebody who forgot the old one, over HTTP."""

from fastapi import APIRouter, Response

from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route
from app.domain.account_errors import LinkInvalid, MailOff
from app.domain.errors import OutcomeUnknown
from app.http.answers import accepted, nothing
from app.http.documented_problems import BODY, documented
from app.schemas.email_verification import MailRead
from app.schemas.password_reset import PasswordReset, PasswordResetRequest
from app.services import password_reset

router = APIRouter(prefix="/auth/password-reset", tags=["accounts"], route_class=Route)


@router.post("", status_code=202, response_model=MailRead, responses=documented(MailOff, *BODY))
async def request_password_reset(body: PasswordResetRequest, parts: Parts, now: Now) -> Response:
    """Ask for a mail with a link for a new password; whether somebody has this e-mail is not told."""
    await password_reset.ask(parts.identity, body, mailing=parts.mailing, budgets=parts.budgets, now=now)
    return accepted()


@router.post("/confirm", status_code=204, responses=documented(OutcomeUnknown, *BODY, LinkInvalid))
async def confirm_password_reset(body: PasswordReset, parts: Parts, now: Now) -> Response:
    """Set a new password with the token of the mail, once; everybody who was signed in is signed out."""
    await password_reset.reset(parts.identity, body, mailing=parts.mailing, now=now)
    return nothing()
