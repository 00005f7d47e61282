"""A person's own profile: read, changed by the person, and kept up with what another issuer says.

Whose it is, the unit of work says.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.domain.changes import Action, Stamp
from app.domain.preconditions import Expected
from app.models.account import ProfileRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.profile import ProfileUpdate
from app.services import safe_writes


async def read(work: UnitOfWork) -> ProfileRow:
    """Return the caller's own profile."""
    # Spec: features/users.md#USER-004 features/users.md#USER-050
    return await work.profile.get()


async def update(work: UnitOfWork, body: ProfileUpdate, *, now: datetime, expected: Expected) -> ProfileRow:
    """Change the named fields of the profile and leave the others; tokens change these no more."""
    # Spec: features/users.md#USER-051 features/users.md#USER-053
    profile, content = await work.profile.get(), body.model_dump(mode="json")
    wanted = profile._replace(**content)
    await safe_writes.settle(work, work.profile, (profile, wanted), named=content, expected=expected)
    return await write(work, (profile, wanted), now=now)


async def write(work: UnitOfWork, pair: tuple[ProfileRow, ProfileRow], *, now: datetime) -> ProfileRow:
    """Change the profile as its person wants it; what is changed so is the person's own from now on."""
    # Spec: features/users.md#USER-056
    profile, wanted = pair
    before, after = profile.document(), wanted.document()
    changed = {name for name in after if before[name] != after[name]}
    wanted = wanted._replace(own_fields=sorted({*profile.own_fields, *changed}))
    return await work.profile.change(profile, wanted, Stamp(Action.UPDATED, now))


async def adopt(work: UnitOfWork, said: Mapping[str, Any], *, now: datetime) -> None:
    """Take over what an issuer says of the person, but for what the person has changed with us."""
    # Spec: features/users.md#USER-057
    profile = await work.profile.get()
    news = {name: value for name, value in said.items() if name not in profile.own_fields}
    await work.profile.change(profile, profile._replace(**news), Stamp(Action.UPDATED, now))
