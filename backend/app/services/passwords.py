"""Changing one's password. It hashes outside of transactions."""

from datetime import datetime

from app.domain.callers import Caller
from app.domain.errors import Forbidden, WrongCredentials
from app.schemas.sign_in import PasswordChange
from app.services.identity import Identity
from app.services.password_rules import require_choice


async def change(identity: Identity, caller: Caller, body: PasswordChange, *, now: datetime) -> None:
    """Put a new password in the place of the old one, and end the person's other sessions.

    Raises:
        WrongCredentials: The old password is wrong, or was changed at this moment.
        Invalid: The new one may not be chosen.
        Forbidden: The person has no password with us.
    """
    # Spec: features/users.md#USER-024 features/users.md#USER-025
    async with identity.open_directory() as directory:
        kept = await directory.sign_ins.find_password(caller.person_id)
    if kept is None:
        raise Forbidden("This account has no password with us.")
    if not await identity.passwords.verify(body.old_password, encoded=kept.password_hash):
        raise WrongCredentials("The old password is wrong.")
    chosen = await require_choice(body.new_password, field="new_password", called=(kept.email, kept.name))
    hashes = {"known": kept.password_hash, "fresh": await identity.passwords.hash(chosen)}
    async with identity.open_register() as directory:
        if not await directory.sign_ins.change_password(caller.person_id, **hashes, now=now):
            raise WrongCredentials("The old password is wrong.")
        await directory.sign_ins.end_others(caller.person_id, kept=caller.session_id, now=now)
    identity.forget(caller.person_id)
