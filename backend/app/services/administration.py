"""What administrators can do: see who people are, keep them out or let them in, and read what was done.

Each function refuses first, then changes, then returns the row; it sees no content of anybody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.account_errors import AccountDisabled, LastAdministrator, OwnAccount, RoleMissing
from app.domain.callers import Role
from app.domain.changes import Action, Stamp
from app.domain.emails import given_email
from app.domain.errors import NotFound
from app.domain.paging import Listing, Slice
from app.domain.preconditions import ANY, Expected
from app.domain.sorting import read_sorts
from app.models.account import OWN_ISSUER, UserRow
from app.models.change import AuditRow
from app.repositories.administration import Administration
from app.schemas.administration import UserQuery
from app.services.identity import Identity

# Who acts at the console of the service, where nobody has an account.
CONSOLE = "console"
_USUALLY = ("created_at",)
_NOBODY = "Nobody has registered here with this e-mail."


class Acts(NamedTuple):
    """Acts in their order, the number to ask after next, and whether more follow already."""

    changes: Sequence[AuditRow]
    last: int
    has_more: bool


async def browse(work: Administration, query: UserQuery, asked: Slice) -> Listing[UserRow]:
    """List people, the longest here first."""
    # Spec: features/administration.md#ADMIN-005
    return await work.users.list(asked, sorts=read_sorts(query.sort or _USUALLY), **query.wanted())


async def read(work: Administration, user_id: UUID) -> UserRow:
    """Return a person."""
    # Spec: features/administration.md#ADMIN-005
    return await work.users.get(user_id)


async def follow(work: Administration, *, after: int, limit: int) -> Acts:
    """List what was done after a number, in order."""
    # Spec: features/administration.md#ADMIN-010
    found = await work.audit.list(after=after, limit=limit + 1)
    acts = found[:limit]
    return Acts(acts, acts[-1].seq if acts else after, len(found) > limit)


async def disable(work: Administration, user_id: UUID, *, now: datetime, expected: Expected) -> UserRow:
    """Keep somebody out.

    Raises:
        OwnAccount: It is the administrator's own account.
        LastAdministrator: Nobody else is an administrator.
    """
    # Spec: features/administration.md#ADMIN-006
    user = await _get(work, user_id, expected=expected)
    _require_another(work, user)
    await _require_other_administrator(work, user)
    return await work.users.change(
        user, user._replace(disabled_at=user.disabled_at or now), Stamp(Action.UPDATED, now)
    )


async def enable(work: Administration, user_id: UUID, *, now: datetime, expected: Expected) -> UserRow:
    """Let somebody in again.

    Raises:
        OwnAccount: It is the administrator's own account.
    """
    # Spec: features/administration.md#ADMIN-007
    user = await _get(work, user_id, expected=expected)
    _require_another(work, user)
    return await work.users.change(user, user._replace(disabled_at=None), Stamp(Action.UPDATED, now))


async def revoke_sessions(
    work: Administration, user_id: UUID, *, now: datetime, expected: Expected
) -> UserRow:
    """Refuse from now on what somebody has logged in with so far."""
    # Spec: features/administration.md#ADMIN-008
    user = await _get(work, user_id, expected=expected)
    return await work.users.change(
        user,
        user._replace(tokens_valid_from=max(now, user.tokens_valid_from or now)),
        Stamp(Action.UPDATED, now),
    )


async def grant(work: Administration, user_id: UUID, *, now: datetime) -> UserRow:
    """Make somebody an administrator."""
    # Spec: features/administration.md#ADMIN-001
    return await _give(work, await _get(work, user_id), Role.ADMIN, now=now)


async def revoke(work: Administration, user_id: UUID, *, now: datetime) -> UserRow:
    """Make an administrator an ordinary person.

    Raises:
        LastAdministrator: Nobody else is an administrator.
    """
    # Spec: features/administration.md#ADMIN-001
    user = await _get(work, user_id)
    await _require_other_administrator(work, user)
    return await _give(work, user, Role.USER, now=now)


async def identify(identity: Identity, named: str) -> UUID:
    """Return the id of who is meant by the e-mail of a registration, or by an id.

    Raises:
        NotFound: Nobody is.
    """
    # Spec: features/administration.md#ADMIN-001
    if "@" not in named:
        return _id(named)
    async with identity.open_directory() as directory:
        login = await directory.find_login(_email(named))
    if login is None:
        raise NotFound(_NOBODY)
    return UUID(login.user_id)


def _id(named: str) -> UUID:
    try:
        return UUID(named)
    except ValueError:
        raise NotFound("This is neither an e-mail nor the id of a person.") from None


def _email(named: str) -> str:
    try:
        return given_email(named)
    except ValueError:
        raise NotFound(_NOBODY) from None


async def _give(work: Administration, user: UserRow, role: Role, *, now: datetime) -> UserRow:
    return await work.users.change(user, user._replace(role=role.value), Stamp(Action.UPDATED, now))


async def _get(work: Administration, user_id: UUID, *, expected: Expected = ANY) -> UserRow:
    """Return whom something is to be done to, for somebody who may do it at this very moment."""
    await _require_standing(work)
    user = await work.users.get_alone(user_id)
    expected.require(user.version)
    return user


async def _require_standing(work: Administration) -> None:
    """Refuse an administrator who is one no longer, and whom this process remembers as one.

    Raises:
        AccountDisabled: Another administrator has disabled the account.
        RoleMissing: The role was taken from this person.
    """
    # Spec: features/administration.md#ADMIN-014
    if work.actor == CONSOLE:
        return
    actor = await work.users.find(UUID(work.actor))
    if actor is None or actor.disabled_at is not None:
        raise AccountDisabled("This account is disabled.")
    if actor.issuer == OWN_ISSUER and actor.role != Role.ADMIN:
        raise RoleMissing(f"Only somebody with the role {Role.ADMIN} may do this.")


def _require_another(work: Administration, user: UserRow) -> None:
    if str(user.id) == work.actor:
        raise OwnAccount("An administrator cannot do this to the own account.")


async def _require_other_administrator(work: Administration, user: UserRow) -> None:
    """Refuse to take away the last administrator; the lock of administration makes one of two acts see the other."""
    # Spec: features/administration.md#ADMIN-009
    counts = user.role == Role.ADMIN and user.disabled_at is None
    if counts and not await work.users.has_other_administrator(user.id):
        raise LastAdministrator("There would be no administrator left; make somebody else one first.")
