"""A new password for somebody who forgot the old one, by a mail to the address. It hashes outside of transactions."""

from datetime import datetime, timedelta
from uuid import uuid4

from app.domain.account_errors import LinkInvalid
from app.domain.errors import invalid_field
from app.domain.letters import Occasion
from app.repositories.everybody import Directory
from app.repositories.mailed_tokens import NewToken
from app.repositories.outgoing_mail import NewMail
from app.schemas.password_reset import PasswordReset, PasswordResetRequest
from app.services.email_verification import USELESS
from app.services.identity import Identity
from app.services.mail_budget import may_get_mail
from app.services.mailing import Mailing, Purpose
from app.services.password_rules import require_choice
from app.utils.budgets import Budgets
from app.utils.password_shapes import names_somebody
from app.utils.sealed_ids import unsealed


async def ask(
    identity: Identity, body: PasswordResetRequest, *, mailing: Mailing, budgets: Budgets, now: datetime
) -> None:
    """Send a mail with a link for a new password to whoever registered with an e-mail.

    Whether somebody did, shows in nothing: it takes the same work.

    Raises:
        MailOff: No mail server is configured.
    """
    # Spec: features/users.md#USER-031 features/users.md#USER-032
    mailing.require()
    if not await may_get_mail(budgets, email=body.email):
        return
    async with identity.open_register() as directory:
        login = await directory.find_login(body.email)
        if login is None or login.disabled_at is not None:
            await directory.tokens.issue_nothing()
        else:
            token = NewToken(login.user_id, Purpose.PASSWORD_RESET, Occasion.RESET_PASSWORD, uuid4(), uuid4())
            await directory.tokens.issue(token, now=now)
    mailing.wake()


async def reset(identity: Identity, body: PasswordReset, *, mailing: Mailing, now: datetime) -> None:
    """Set a new password with a token that came by mail; everybody who was signed in is signed out.

    Raises:
        LinkInvalid: The token is not good, or not any more.
        Invalid: The password may not be chosen.
    """
    # Spec: features/users.md#USER-034 features/users.md#USER-035
    token_id = unsealed(identity.secrets, Purpose.PASSWORD_RESET, body.token)
    if token_id is None:
        raise LinkInvalid(USELESS)
    chosen = await require_choice(body.password, field="password", called=())
    password_hash = await identity.passwords.hash(chosen)
    async with identity.open_register() as directory:
        token = await directory.tokens.use(token_id, purpose=Purpose.PASSWORD_RESET, now=now)
        if token is None:
            raise LinkInvalid(USELESS)
        if names_somebody(chosen, (token.address,)):
            # Whose the token is, is known only now; what is refused does not use it up.
            raise invalid_field("password", "must not be your e-mail address or name")
        email = await directory.people.reset_password(
            token.user_id,
            password_hash=password_hash,
            proved=token.address,
            valid_from=_next_second(now),
            now=now,
        )
        if email is None:
            raise LinkInvalid(USELESS)
        await directory.sign_ins.end_others(token.user_id, kept=None, now=now)
        await _tell(directory, token.user_id, email, now=now)
    identity.forget(token.user_id)
    mailing.wake()


async def _tell(directory: Directory, user_id: str, email: str, *, now: datetime) -> None:
    """End every other link of a person, and tell the person of the new password."""
    await directory.tokens.end_all(user_id, now=now)
    notice = NewMail(user_id, Occasion.PASSWORD_CHANGED, email, {})
    await directory.tokens.notify(notice, mail_id=uuid4(), now=now)


def _next_second(now: datetime) -> datetime:
    """Return the first whole second after a moment: tokens say in whole seconds when they were issued."""
    return now.replace(microsecond=0) + timedelta(seconds=1)
