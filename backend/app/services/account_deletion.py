"""Deleting one's own account, with everything in it. It hashes outside of transactions."""

from datetime import datetime

from app.domain.callers import Caller
from app.domain.errors import Forbidden, invalid_field
from app.domain.preconditions import Expected
from app.schemas.profile import AccountDeletion
from app.services.identity import Identity


async def delete(
    identity: Identity, caller: Caller, body: AccountDeletion, *, expected: Expected, now: datetime
) -> None:
    """Delete the caller's account for good.

    Raises:
        SignInRequired: The credential is a personal token.
        Forbidden: The password is wrong.
        Invalid: It is not confirmed.
        Stale: The profile has another version than the caller has seen.
    """
    # Spec: features/users.md#USER-070 features/users.md#USER-071
    caller.require_sign_in()
    await _confirm(identity, caller.person_id, body)
    async with identity.open_erasure(caller.person_id) as erasure:
        version = await erasure.version()
        expected.require(version)
        await erasure.erase(version=version, now=now)


async def _confirm(identity: Identity, person_id: str, body: AccountDeletion) -> None:
    async with identity.open_directory() as directory:
        encoded = await directory.find_password(person_id)
    if encoded is None:
        if body.confirm is None:
            raise invalid_field("confirm", "is required, because no password is known here")
    elif body.password is None:
        raise invalid_field("password", "is required")
    elif not await identity.passwords.verify(body.password, encoded=encoded):
        raise Forbidden("The password is wrong.")
