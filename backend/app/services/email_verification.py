"""Whether an e-mail is its person's: what is sent to prove it, and another one in its place. It hashes no password."""

from datetime import datetime
from uuid import UUID, uuid4

from app.domain.account_errors import LinkInvalid
from app.domain.letters import Occasion
from app.repositories.everybody import Directory
from app.repositories.mailed_tokens import NewToken
from app.repositories.outgoing_mail import NewMail
from app.schemas.email_verification import EmailChange, EmailVerification
from app.services import passwords
from app.services.failed_logins import Attempt
from app.services.identity import Identity
from app.services.mail_budget import may_get_mail
from app.services.mailing import Mailing, Purpose
from app.utils.budgets import Budgets
from app.utils.sealed_ids import unsealed

USELESS = "The link is not good any more; please ask for a new mail."


def verification(user_id: str) -> NewToken:
    """Return the token with which a person proves the e-mail of the account."""
    return NewToken(user_id, Purpose.VERIFY_EMAIL, Occasion.VERIFY_EMAIL, uuid4(), uuid4())


async def send(
    identity: Identity, user_id: str, *, mailing: Mailing, budgets: Budgets, now: datetime
) -> None:
    """Send the caller a mail to verify the e-mail of the account; it takes the place of an earlier one.

    Raises:
        MailOff: No mail server is configured.
    """
    # Spec: features/users.md#USER-038
    mailing.require()
    if not await may_get_mail(budgets, email=user_id):
        return
    async with identity.open_register() as directory:
        await directory.tokens.issue(verification(user_id), now=now)
    mailing.wake()


async def ask_for_change(
    identity: Identity,
    user_id: str,
    body: EmailChange,
    *,
    mailing: Mailing,
    attempt: Attempt,
    now: datetime,
) -> None:
    """Send a mail to a new e-mail, which takes the old one's place once it is confirmed.

    Raises:
        MailOff: No mail server is configured.
        WrongCredentials: The password is not the caller's.
        Forbidden: The caller has none with us.
        TooMany: Too many attempts have failed.
    """
    # Spec: features/users.md#USER-039
    mailing.require()
    await passwords.prove(identity, user_id, body.password, attempt=attempt)
    if not await may_get_mail(attempt.budgets, email=body.email):
        return
    token = NewToken(
        user_id, Purpose.CHANGE_EMAIL, Occasion.CONFIRM_NEW_EMAIL, uuid4(), uuid4(), address=body.email
    )
    async with identity.open_register() as directory:
        await directory.tokens.issue(token, now=now)
    mailing.wake()


async def confirm(identity: Identity, body: EmailVerification, *, mailing: Mailing, now: datetime) -> None:
    """Take a token for the proof that an e-mail is its person's: the one of the account, or the new one.

    Raises:
        LinkInvalid: It is not good, or not any more.
        EmailTaken: Somebody else has registered with the new e-mail since.
    """
    # Spec: features/users.md#USER-037 features/users.md#USER-040
    verified = unsealed(identity.secrets, Purpose.VERIFY_EMAIL, body.token)
    changed = unsealed(identity.secrets, Purpose.CHANGE_EMAIL, body.token)
    async with identity.open_register() as directory:
        if verified is not None and await _verify(directory, verified, now=now):
            return
        if changed is None or not await _change(directory, changed, now=now):
            raise LinkInvalid(USELESS)
    mailing.wake()


async def _verify(directory: Directory, token_id: UUID, *, now: datetime) -> bool:
    token = await directory.tokens.use(token_id, purpose=Purpose.VERIFY_EMAIL, now=now)
    return token is not None and await directory.people.verify_email(
        token.user_id, address=token.address, now=now
    )


async def _change(directory: Directory, token_id: UUID, *, now: datetime) -> bool:
    """Give a person the e-mail that a token proves; tell whether it was good. The old e-mail is told."""
    token = await directory.tokens.use(token_id, purpose=Purpose.CHANGE_EMAIL, now=now)
    if token is None:
        return False
    before = await directory.people.change_email(token.user_id, address=token.address, now=now)
    if before is None:
        return False
    # What was sent to the old address lets nobody in any more.
    await directory.tokens.end_all(token.user_id, now=now)
    notice = NewMail(token.user_id, Occasion.EMAIL_CHANGED, before, {})
    await directory.tokens.notify(notice, mail_id=uuid4(), now=now)
    return True
