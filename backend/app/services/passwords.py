"""Proving that one knows one's password, and changing it. It hashes outside of transactions."""

from datetime import datetime

from app.domain.account_errors import WrongCredentials
from app.domain.callers import Caller
from app.domain.errors import Forbidden
from app.models.account import PasswordRow
from app.schemas.sign_in import PasswordChange
from app.services import failed_logins
from app.services.failed_logins import Attempt
from app.services.identity import Identity
from app.services.password_rules import require_choice


async def prove(identity: Identity, person_id: str, password: str, *, attempt: Attempt) -> PasswordRow:
    """Return what is kept of a person's password, if this is it; what fails counts as a failed attempt to log in.

    Raises:
        WrongCredentials: It is not.
        Forbidden: The person has no password with us.
        TooMany: Too many attempts have failed.
    """
    # Spec: features/limits.md#LIMIT-030
    async with identity.open_directory() as directory:
        kept = await directory.sign_ins.find_password(person_id)
    if kept is None:
        raise Forbidden("This account has no password with us.")
    async with failed_logins.counted(attempt, email=kept.email or person_id):
        if not await identity.passwords.verify(password, encoded=kept.password_hash):
            raise WrongCredentials("The password is wrong.")
    return kept


async def change(
    identity: Identity, caller: Caller, body: PasswordChange, *, attempt: Attempt, now: datetime
) -> None:
    """Put a new password in the place of the old one, and end the person's other sessions.

    Raises:
        WrongCredentials: The old password is wrong, or was changed at this moment.
        Invalid: The new one may not be chosen.
        Forbidden: The person has no password with us.
        TooMany: Too many attempts have failed.
    """
    # Spec: features/users.md#USER-024 features/users.md#USER-025
    kept = await prove(identity, caller.person_id, body.old_password, attempt=attempt)
    chosen = await require_choice(body.new_password, field="new_password", called=(kept.email, kept.name))
    hashes = {"known": kept.password_hash, "fresh": await identity.passwords.hash(chosen)}
    async with identity.open_register() as directory:
        if not await directory.sign_ins.change_password(caller.person_id, **hashes, now=now):
            raise WrongCredentials("The password is wrong.")
        await directory.sign_ins.end_others(caller.person_id, kept=caller.session_id, now=now)
        await directory.tokens.end_all(caller.person_id, now=now)
    identity.forget(caller.person_id)
