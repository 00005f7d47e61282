"""The pages to which the links in mail lead, for people without any front end. They show nothing of anybody."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.dependencies.forms import FormOf
from app.dependencies.parts import Now, Parts
from app.http.link_pages import Field, LinkPage, PageRoute, asked, done
from app.schemas.email_verification import EmailVerification
from app.schemas.password_reset import PasswordReset
from app.schemas.registration import AccountCreate
from app.services import email_verification, password_reset, registration

router = APIRouter(prefix="/auth/links", include_in_schema=False, route_class=PageRoute)
Token = Annotated[str, Query(max_length=200)]

_NEW_PASSWORD = Field("password", "Password", "password", "new-password")
_VERIFICATION = LinkPage(
    "Confirm your e-mail address",
    "Press the button, and this address is confirmed as yours.",
    (),
    "Confirm",
    "Your e-mail address is confirmed. You can close this page.",
)
_RESET = LinkPage(
    "Choose a new password",
    "Everybody who is signed in to the account is signed out.",
    (_NEW_PASSWORD,),
    "Set the password",
    "Your new password is set. You can log in with it, and close this page.",
)
_INVITATION = LinkPage(
    "Register",
    "You are invited. If the invitation was sent to an e-mail address, register with that one.",
    (Field("email", "E-mail", "email", "email"), Field("name", "Name", "text", "name"), _NEW_PASSWORD),
    "Register",
    "You are registered. You can log in, and close this page.",
)


@router.get("/verify-email")
async def show_verification(token: Token = "") -> Response:
    """Ask a person to confirm an e-mail."""
    return asked(_VERIFICATION, token, carries="token")


@router.post("/verify-email")
async def verify_email(form: FormOf, parts: Parts, now: Now) -> Response:
    """Confirm an e-mail."""
    await email_verification.confirm(
        parts.identity, form.read(EmailVerification), mailing=parts.mailing, now=now
    )
    return done(_VERIFICATION)


@router.get("/password-reset")
async def show_password_reset(token: Token = "") -> Response:
    """Ask a person for a new password."""
    return asked(_RESET, token, carries="token")


@router.post("/password-reset")
async def reset_password(form: FormOf, parts: Parts, now: Now) -> Response:
    """Set a new password."""
    await password_reset.reset(parts.identity, form.read(PasswordReset), mailing=parts.mailing, now=now)
    return done(_RESET)


@router.get("/invitation")
async def show_invitation(token: Token = "") -> Response:
    """Ask an invited person to register."""
    return asked(_INVITATION, token, carries="invitation")


@router.post("/invitation")
async def accept_invitation(form: FormOf, parts: Parts, now: Now) -> Response:
    """Register somebody who is invited."""
    await registration.register(parts.identity, form.read(AccountCreate), parts.registering, now=now)
    return done(_INVITATION)
