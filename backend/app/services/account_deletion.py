"""Deleting one's own account, with everything in it. It hashes outside of transactions."""

from datetime import datetime

from app.domain.callers import Caller
from app.domain.errors import invalid_field
from app.domain.preconditions import Expected
from app.schemas.profile import AccountDeletion
from app.services import passwords
from app.services.failed_logins import Attempt
from app.services.identity import Identity


async def delete(
    identity: Identity,
    caller: Caller,
    body: AccountDeletion,
    *,
    attempt: Attempt,
    expected: Expected,
    now: datetime,
) -> None:
    """Delete the caller's account for good.

    Raises:
        SignInRequired: The credential is a personal token.
        WrongCredentials: The password is wrong.
        TooMany: Too many attempts have failed.
        Invalid: It is not confirmed.
        Stale: The profile has another version than the caller has seen.
    """
    # Spec: features/users.md#USER-070 features/users.md#USER-071
    caller.require_sign_in()
    await _confirm(identity, caller.person_id, body, attempt=attempt)
    async with identity.open_erasure(caller.person_id) as erasure:
        version = await erasure.version()
        expected.require(version)
        await erasure.erase(version=version, now=now)


async def _confirm(identity: Identity, person_id: str, body: AccountDeletion, *, attempt: Attempt) -> None:
    async with identity.open_directory() as directory:
        kept = await directory.sign_ins.find_password(person_id)
    if kept is None:
        if body.confirm is None:
            raise invalid_field("confirm", "is required, because no password is known here")
    elif body.password is None:
        raise invalid_field("password", "is required")
    else:
        await passwords.prove(identity, person_id, body.password, attempt=attempt)
