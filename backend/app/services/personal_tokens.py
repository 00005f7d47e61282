"""What a person can do with personal tokens: make, find, rename and revoke them. It recognises none.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.callers import Caller, Scope
from app.domain.changes import Action, Stamp, discards
from app.domain.errors import Conflict, IdTaken, invalid_field
from app.domain.paging import Listing, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import read_sorts
from app.models.personal_token import PersonalTokenRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.personal_token import PersonalTokenCreate, PersonalTokenQuery, PersonalTokenUpdate
from app.services import safe_writes
from app.utils.checked_tokens import new_token

PREFIX = "agp_"
USUAL_LIFE, LONGEST_LIFE = timedelta(days=90), timedelta(days=366)
_USUALLY = ("name",)
_CONTENT = ("name", "scopes")


async def create(
    work: UnitOfWork, body: PersonalTokenCreate, *, caller: Caller, now: datetime
) -> PersonalTokenRow:
    """Make a personal token; the same id again with the same content gives what is there, without the token.

    Raises:
        SignInRequired: The caller comes with a personal token.
        ScopeMissing: The caller's credential does not allow what this one is to allow.
        IdTaken: The id belongs to a personal token that was made with other content.
        Invalid: It would expire too early or too late.
    """
    # Spec: features/personal-tokens.md#TOKEN-001 features/personal-tokens.md#TOKEN-004
    caller.require_sign_in()
    for scope in body.scopes:
        caller.require(scope)
    made = _new(body, now=now)
    there = await safe_writes.find_twin(work.personal_tokens, made, chosen=body.id, content=_CONTENT)
    if there is not None:
        # Spec: features/personal-tokens.md#TOKEN-006
        if body.expires_at not in {None, there.expires_at}:
            raise IdTaken("The id belongs to a personal token with other content.")
        return there
    if not now < made.expires_at <= now + LONGEST_LIFE:
        # Spec: features/personal-tokens.md#TOKEN-002
        raise invalid_field("expires_at", f"must be to come, and at most {LONGEST_LIFE.days} days ahead")
    return await work.personal_tokens.add(made, now=now)


async def browse(work: UnitOfWork, query: PersonalTokenQuery, asked: Slice) -> Listing[PersonalTokenRow]:
    """List the personal tokens that are not revoked, by name."""
    # Spec: features/personal-tokens.md#TOKEN-007
    sorts = read_sorts(query.sort or _USUALLY)
    return await work.personal_tokens.list(asked, sorts=sorts, **query.wanted())


async def read(work: UnitOfWork, token_id: UUID) -> PersonalTokenRow:
    """Return a personal token that is not revoked."""
    # Spec: features/personal-tokens.md#TOKEN-007
    return await work.personal_tokens.get(token_id)


async def update(
    work: UnitOfWork,
    token_id: UUID,
    body: PersonalTokenUpdate,
    *,
    caller: Caller,
    now: datetime,
    expected: Expected,
) -> PersonalTokenRow:
    """Rename a personal token.

    Raises:
        SignInRequired: The caller comes with another personal token.
    """
    # Spec: features/personal-tokens.md#TOKEN-008
    require_manager(caller, token_id)
    token, content = await work.personal_tokens.get(token_id), body.model_dump()
    wanted = token._replace(**content)
    await safe_writes.settle(work, work.personal_tokens, (token, wanted), named=content, expected=expected)
    return await work.personal_tokens.change(token, wanted, Stamp(Action.UPDATED, now))


async def revoke(
    work: UnitOfWork, token_id: UUID, *, caller: Caller, now: datetime, expected: Expected
) -> None:
    """Revoke a personal token; nothing brings it back.

    Raises:
        SignInRequired: The caller comes with another personal token.
    """
    # Spec: features/personal-tokens.md#TOKEN-009 features/personal-tokens.md#TOKEN-013
    require_manager(caller, token_id)
    token = await work.personal_tokens.get(token_id)
    expected.require(token.version)
    await work.personal_tokens.change(token, token._replace(deleted_at=now), Stamp(Action.DELETED, now))
    work.ends_credentials = True


async def undo(
    work: UnitOfWork, token: PersonalTokenRow, before: Mapping[str, Any] | None, *, stamp: Stamp
) -> None:
    """Put the name back as a change has it from before it; what was made is revoked."""
    # Spec: features/personal-tokens.md#TOKEN-009
    await work.personal_tokens.put_back(token, before, stamp)
    work.ends_credentials = discards(before)


def refuse_undo(token: PersonalTokenRow) -> None:
    """Refuse to undo a change of a personal token that is revoked.

    Raises:
        Conflict: It is.
    """
    # Spec: features/personal-tokens.md#TOKEN-009
    if token.deleted_at is not None:
        raise Conflict("The personal token is revoked, and stays so; make another one.")


def require_manager(caller: Caller, token_id: UUID) -> None:
    """Refuse whoever may not change or revoke a personal token.

    Raises:
        SignInRequired: The caller comes with another personal token.
        ScopeMissing: The caller's credential may not write the account.
    """
    # Spec: features/personal-tokens.md#TOKEN-005 features/personal-tokens.md#TOKEN-010
    caller.require(Scope.ACCOUNT_WRITE)
    if caller.credential_id != token_id:
        caller.require_sign_in()


def _new(body: PersonalTokenCreate, *, now: datetime) -> PersonalTokenRow:
    return PersonalTokenRow(
        id=body.id or uuid7(),
        name=body.name,
        scopes=tuple(body.scopes),
        token=new_token(PREFIX),
        expires_at=body.expires_at or now + USUAL_LIFE,
        last_used_at=None,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        version=1,
    )
