"""A person's own account in PostgreSQL: read, and written with a change in the sequence. It knows nobody else."""

from typing import Any, ClassVar

import asyncpg
from sqlalchemy import Uuid, bindparam, cast, select, text, update

from app.database.statements import Statement
from app.domain.changes import Stamp
from app.domain.errors import TokenInvalid
from app.models.account import ENTITY, OWN_ISSUER, Account, ProfileRow
from app.models.naming import table_of
from app.repositories.change_statements import RecordedWrite
from app.repositories.owner import OwnerScoped, mine
from app.repositories.recorder import record_of

_ACCOUNT = table_of(Account)
_COLUMNS = [_ACCOUNT.c[name] for name in ProfileRow._fields]
_PROFILE = Statement(select(*_COLUMNS).where(mine(_ACCOUNT), _ACCOUNT.c.deleted_at.is_(None)))
# Spec: features/users.md#USER-059
_WRITTEN = ("name", "time_zone", "language", "week_start", "own_fields", "updated_at", "version")
_CHANGE = RecordedWrite(
    update(_ACCOUNT)
    .where(mine(_ACCOUNT), _ACCOUNT.c.version == bindparam("version") - 1, _ACCOUNT.c.deleted_at.is_(None))
    .values({name: bindparam(name) for name in _WRITTEN})
    .returning(cast(_ACCOUNT.c.user_id, Uuid).label("id"))
)
# The e-mail is the identity's to write; it is for display alone, and never that by which somebody logs in.
_AS_IDENTITY, _AS_BEFORE = (
    Statement(text(f"SET LOCAL role = {role}")) for role in ("agendum_identity", "agendum_app")
)
_SHOWN_EMAIL = Statement(
    update(_ACCOUNT).where(mine(_ACCOUNT), _ACCOUNT.c.issuer != OWN_ISSUER).values(email=bindparam("email"))
)


class Profile(OwnerScoped):
    """One person's own account."""

    entity: ClassVar[str] = ENTITY

    async def get(self) -> ProfileRow:
        """Return the account.

        Raises:
            TokenInvalid: It is gone, and with it what the token stands for.
        """
        return _found(await self._fetch_row(_PROFILE))

    async def change(self, old: ProfileRow, new: ProfileRow, stamp: Stamp) -> ProfileRow:
        """Change an account that was read in this unit of work, and record the change.

        Without a difference nothing is written.

        Args:
            old: The account as it was read.
            new: The account as it is to be; version and moment of the change are put in here.
            stamp: What happens to it, and when.
        """
        # Spec: features/users.md#USER-054
        if new == old:
            return old
        new = new._replace(version=old.version + 1, updated_at=stamp.now)
        if new.email != old.email:
            await self._show_email(new.email)
        values: dict[str, Any] = new._asdict() | {"id": new.id}
        values |= record_of(self._origin, (old, new), stamp, entity=ENTITY)
        if not await self._session.fetch(_CHANGE.alone, **values):
            raise TokenInvalid("The person of this token is gone.")
        return new

    async def _show_email(self, email: str | None) -> None:
        await self._session.fetch(_AS_IDENTITY)
        await self._fetch(_SHOWN_EMAIL, email=email)
        await self._session.fetch(_AS_BEFORE)


def _found(record: asyncpg.Record | None) -> ProfileRow:
    if record is None:
        raise TokenInvalid("The person of this token is gone.")
    return ProfileRow(*record)
