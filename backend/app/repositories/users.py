"""Everybody as administrators see and change them, under the role of administration. It sees no content of anybody.

Only the unit of work of administration may use it, which a contract of the linter holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, cast, func, literal_column, select

from app.database.statements import Statement, there_is
from app.domain.callers import Role
from app.domain.changes import Stamp
from app.domain.errors import NotFound
from app.domain.paging import Listing, Slice
from app.domain.sorting import Sort
from app.models.account import PERSON, Account, UserRow
from app.models.naming import table_of
from app.repositories.listing import ListedTable, Lists
from app.repositories.questions import Condition, Question, containing_in_any_case
from app.repositories.recorded_statements import OwnedStatements
from app.repositories.recorder import Recorder

_TABLE = table_of(Account)
_IS_PERSON = _TABLE.c.kind == PERSON
_ONE = _TABLE.c.user_id == cast(bindparam("id", type_=Uuid), Text)


@dataclass(frozen=True, eq=False)
class _UserStatements(OwnedStatements[UserRow]):
    """The statements of people by administrators: `user_id`, which names the owner elsewhere, is the person's id."""

    @property
    def _id(self) -> ColumnElement[Any]:
        return cast(_TABLE.c.user_id, Uuid).label("id")

    @property
    def _row(self) -> list[ColumnElement[bool]]:
        return [_ONE, _IS_PERSON]


_STATEMENTS = _UserStatements(Account, UserRow, texts=(), gathered={"id": cast(_TABLE.c.user_id, Uuid)})
# As `beginnings.py` takes it for whoever writes the rows of this person.
_LOCK = Statement(
    select(
        func.pg_advisory_xact_lock(
            func.hashtextextended(cast(bindparam("user_id"), Text), literal_column("0"))
        )
    )
)
_OTHER_ADMINISTRATOR = Statement(
    select(literal_column("1")).where(
        there_is(_TABLE.c.role == Role.ADMIN.value, _TABLE.c.disabled_at.is_(None), ~_ONE)
    )
)


class Users(Lists):
    """Everybody, for administrators; what is changed of somebody is recorded in the sequence of administration."""

    entity: ClassVar[str] = "user"
    called: ClassVar[str] = "user"
    statements: ClassVar[OwnedStatements[Any]] = _STATEMENTS
    unique_name: ClassVar[str | None] = None
    listed: ClassVar[ListedTable] = ListedTable(
        _TABLE,
        {
            "created_at": (_TABLE.c.created_at,),
            "email": (func.coalesce(_TABLE.c.email, literal_column("''")),),
        },
        row_id=_TABLE.c.user_id,
        among=_IS_PERSON,
    )
    filters: ClassVar[Mapping[str, Condition]] = {
        "email": containing_in_any_case(_TABLE.c.email, "email"),
        "disabled": Condition(_TABLE.c.disabled_at.is_not(None) == bindparam("disabled")),
        "role": Condition(_TABLE.c.role == bindparam("role")),
    }

    async def list(self, asked: Slice, *, sorts: tuple[Sort, ...], **wanted: Any) -> Listing[UserRow]:
        """List people.

        Args:
            asked: Which part of the list.
            sorts: How it is sorted; the id breaks ties.
            wanted: What it is narrowed by, of `filters`, each with its value.
        """
        given = [self.filters[name].given(**{name: value}) for name, value in wanted.items()]
        return await self._list(self.listed, Question(given, sorts), asked, show=self.statements.rows)

    async def find(self, user_id: UUID) -> UserRow | None:
        """Return a person, or None."""
        record = await self._session.fetch_row(self.statements.find, id=user_id)
        return None if record is None else self.statements.row(record)

    async def get(self, user_id: UUID) -> UserRow:
        """Return a person.

        Raises:
            NotFound: There is nobody with this id.
        """
        if (user := await self.find(user_id)) is None:
            raise NotFound("There is no such user.")
        return user

    async def get_alone(self, user_id: UUID) -> UserRow:
        """Return a person once nobody else writes what is the person's, until this unit of work ends.

        Raises:
            NotFound: There is nobody with this id.
        """
        await self._session.fetch(_LOCK, user_id=str(user_id))
        return await self.get(user_id)

    async def has_other_administrator(self, user_id: UUID) -> bool:
        """Tell whether somebody else is an administrator by the table, and not disabled."""
        return bool(await self._session.fetch(_OTHER_ADMINISTRATOR, id=user_id))

    async def change(self, old: UserRow, new: UserRow, stamp: Stamp) -> UserRow:
        """Change somebody who was read in this unit of work, and record it; without a difference nothing is written."""
        changed = await Recorder(self._session, self._origin).change_each(self, [(old, new)], stamp)
        return changed[0]
