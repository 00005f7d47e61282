"""Proving an e-mail, and changing it, over HTTP."""

from fastapi import APIRouter, Response

from app.dependencies.accounts import AccountCaller
from app.dependencies.addresses import PasswordAttempt
from app.dependencies.bodies import BodyTimeout, BodyTooLarge
from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route
from app.domain.account_errors import EmailTaken, LinkInvalid, MailOff, SignInRequired, WrongCredentials
from app.domain.errors import Forbidden, Invalid, OutcomeUnknown
from app.http.answers import accepted, nothing
from app.http.documented_problems import BODY, READ, documented
from app.schemas.email_verification import EmailChange, EmailVerification, MailRead
from app.services import email_verification

router = APIRouter(prefix="/auth", tags=["accounts"], route_class=Route)


@router.post(
    "/verify-email", status_code=204, responses=documented(EmailTaken, OutcomeUnknown, *BODY, LinkInvalid)
)
async def verify_email(body: EmailVerification, parts: Parts, now: Now) -> Response:
    """Confirm an e-mail, that of the account or a new one, with the token of the mail that came to it, once."""
    await email_verification.confirm(parts.identity, body, mailing=parts.mailing, now=now)
    return nothing()


@router.post(
    "/verify-email/send",
    status_code=202,
    response_model=MailRead,
    responses=documented(*READ, SignInRequired, BodyTimeout, BodyTooLarge, Invalid, MailOff),
)
async def send_verification(caller: AccountCaller, parts: Parts, now: Now) -> Response:
    """Ask for another mail to confirm the e-mail of your account; the links of earlier ones are void then."""
    await email_verification.send(
        parts.identity, caller.person_id, mailing=parts.mailing, budgets=parts.budgets, now=now
    )
    return accepted()


@router.post(
    "/email",
    status_code=202,
    response_model=MailRead,
    responses=documented(WrongCredentials, *READ, SignInRequired, Forbidden, MailOff, *BODY),
)
async def change_email(
    body: EmailChange, caller: AccountCaller, *, parts: Parts, attempt: PasswordAttempt, now: Now
) -> Response:
    """Ask for another e-mail, with your password anew; a mail to it has the link that confirms it."""
    await email_verification.ask_for_change(
        parts.identity, caller.person_id, body, mailing=parts.mailing, attempt=attempt, now=now
    )
    return accepted()
