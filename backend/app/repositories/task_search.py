"""The lists of a person's tasks in PostgreSQL: what narrows and sorts them is said in the conditions of tasks."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Text, bindparam, cast, exists, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.database.statements import Statement
from app.domain.paging import Listing, Slice
from app.models.category import Category
from app.models.naming import table_of
from app.models.tag import Tag
from app.repositories.listing import ListedTable, Lists
from app.repositories.owner import living
from app.repositories.questions import Projection, Question
from app.repositories.task_conditions import SORT_KEYS, TASK

Item = TypeVar("Item")
_TAG = table_of(Tag)
_TASKS = ListedTable(TASK, SORT_KEYS)


def _there(table: Table, parameter: str) -> ColumnElement[bool]:
    return exists().where(*living(table), table.c.id == bindparam(parameter))


def _tags(column: ColumnElement[Any]) -> ColumnElement[Any]:
    named = bindparam("tags", type_=ARRAY(Text))
    meant = or_(_TAG.c.folded_name == func.any(named), cast(_TAG.c.id, Text) == func.any(named))
    return func.array(select(column).where(*living(_TAG), meant).order_by(_TAG.c.id).scalar_subquery())


_NAMED = Statement(
    select(
        # A plan for the usual tag or category is slow for one that many tasks have: from here on, the values count.
        func.set_config(
            literal_column("'plan_cache_mode'"), literal_column("'force_custom_plan'"), literal_column("true")
        ),
        _there(table_of(Category), "category_id").label("category"),
        _there(TASK, "parent_id").label("parent"),
        _tags(cast(_TAG.c.id, Text)).label("ids"),
        _tags(_TAG.c.folded_name).label("names"),
    )
)


class Named(NamedTuple):
    """Which of the things that a question names are there.

    It tells whether the category and the parent are, and names the tags that are, each by its id and folded name.
    """

    category: bool
    parent: bool
    tags: list[tuple[str, str]]


class TaskSearch(Lists):
    """The lists of one person's tasks."""

    async def list(self, question: Question, asked: Slice, *, show: Projection[Item]) -> Listing[Item]:
        """Fetch a slice of a list of tasks in one statement."""
        # Spec: features/finding.md#FIND-001 features/finding.md#FIND-006 features/finding.md#FIND-009
        # Spec: features/finding.md#FIND-010
        return await self._list(_TASKS, question, asked, show=show)

    async def look_up_names(
        self, *, category_id: UUID | None, parent_id: UUID | None, tags: Sequence[str]
    ) -> Named:
        """Look up what a question names, and have what follows in this transaction planned for its values.

        Args:
            category_id: The id of a category, if one is named.
            parent_id: The id of a task, if one is named.
            tags: Texts of ids, or folded names.
        """
        record = await self._fetch_row(_NAMED, category_id=category_id, parent_id=parent_id, tags=[*tags])
        if record is None:
            raise RuntimeError("a statement without a table gave no row")
        return Named(
            record["category"], record["parent"], [*zip(record["ids"], record["names"], strict=True)]
        )
