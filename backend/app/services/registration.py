"""Registering people of our own. It hashes outside of transactions."""

from datetime import datetime

from uuid_utils.compat import uuid7

from app.domain.errors import EmailTaken
from app.models.account import AccountRow
from app.schemas.registration import AccountCreate
from app.services.identity import Identity
from app.services.password_rules import require_choice


async def register(identity: Identity, body: AccountCreate, *, now: datetime) -> AccountRow:
    """Make a person of our own.

    Raises:
        EmailTaken: Somebody has registered with this e-mail.
        Invalid: The password may not be chosen.
    """
    # Spec: features/users.md#USER-001 features/users.md#USER-003 features/users.md#USER-020
    chosen = await require_choice(body.password, field="password", called=(body.email, body.name))
    password_hash = await identity.passwords.hash(chosen)
    account = AccountRow(user_id=str(uuid7()), email=body.email, name=body.name, created_at=now)
    async with identity.open_register() as directory:
        if (registered := await directory.register(account, password_hash=password_hash)) is None:
            raise EmailTaken("Somebody has registered with this e-mail.")
        return registered
