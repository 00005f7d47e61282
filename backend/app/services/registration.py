"""Registering people of our own. It hashes outside of transactions."""

from datetime import datetime
from typing import NamedTuple

from uuid_utils.compat import uuid7

from app.config import Registration
from app.domain.account_errors import EmailTaken, InvitationRequired, RegistrationClosed
from app.models.account import AccountRow
from app.repositories.everybody import Directory
from app.schemas.registration import AccountCreate
from app.services.email_verification import verification
from app.services.identity import Identity
from app.services.mail_budget import may_get_mail
from app.services.mailing import Mailing, Purpose
from app.services.password_rules import require_choice
from app.utils.budgets import Budgets
from app.utils.sealed_ids import unsealed

_NO_INVITATION = "Registering takes an invitation that is good for this e-mail."


class Terms(NamedTuple):
    """Who may register, how mail is written, and how much of it there may be."""

    mode: Registration
    mailing: Mailing
    budgets: Budgets


async def register(identity: Identity, body: AccountCreate, terms: Terms, *, now: datetime) -> AccountRow:
    """Make a person of our own, who gets a mail to verify the e-mail where there is a mail server.

    Raises:
        RegistrationClosed: Nobody can register.
        InvitationRequired: It takes an invitation that is good for this e-mail.
        EmailTaken: Somebody has registered with this e-mail.
        Invalid: The password may not be chosen.
    """
    # Spec: features/users.md#USER-001 features/users.md#USER-003 features/users.md#USER-020 features/users.md#USER-044
    mode, mailing, budgets = terms
    if mode is Registration.CLOSED:
        raise RegistrationClosed("Nobody can register here.")
    code = unsealed(identity.secrets, Purpose.INVITATION, body.invitation or "")
    if mode is Registration.INVITATION and code is None:
        raise InvitationRequired(_NO_INVITATION)
    chosen = await require_choice(body.password, field="password", called=(body.email, body.name))
    password_hash = await identity.passwords.hash(chosen)
    mails = mailing.carrier is not None and await may_get_mail(budgets, email=body.email)
    account = AccountRow(user_id=str(uuid7()), email=body.email, name=body.name, created_at=now)
    async with identity.open_register() as directory:
        used = code is not None and await directory.invitations.use(code, email=body.email, now=now)
        if mode is Registration.INVITATION and not used:
            raise InvitationRequired(_NO_INVITATION)
        registered = await _add(directory, account, password_hash)
        if mails:
            # Spec: features/users.md#USER-036
            await directory.tokens.issue(verification(account.user_id), now=now)
    mailing.wake()
    return registered


async def _add(directory: Directory, account: AccountRow, password_hash: str) -> AccountRow:
    if (registered := await directory.register(account, password_hash=password_hash)) is None:
        raise EmailTaken("Somebody has registered with this e-mail.")
    return registered
