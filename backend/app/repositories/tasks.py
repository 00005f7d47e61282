"""A person's tasks in PostgreSQL."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, bindparam, delete, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import insert as insert_if_free

from app.database.statements import Statement, id_list, there_is
from app.domain.errors import NotFound
from app.domain.search import vector
from app.models.naming import table_of
from app.models.task import Task, TaskRow, TaskTag
from app.repositories.neighbours import HasNeighbours, neighbours_in
from app.repositories.owned import Owned
from app.repositories.owner import living, mine
from app.repositories.recorded_statements import Derived, OwnedStatements
from app.repositories.task_json import as_json, tag_ids, task_fields

_TASK, _LINK = table_of(Task), table_of(TaskTag)


def _tagging() -> Statement:
    """Build the one statement that makes the set of a task's tags what it is to be."""
    wanted = id_list("tag_ids")
    own = (mine(_LINK), _LINK.c.task_id == bindparam("id"))
    gone = delete(_LINK).where(*own, _LINK.c.tag_id != func.all(wanted)).cte("gone")
    rows = select(bindparam("user_id"), bindparam("id"), func.unnest(wanted))
    return Statement(
        insert_if_free(_LINK)
        .from_select(["user_id", "task_id", "tag_id"], rows)
        .on_conflict_do_nothing()
        .add_cte(gone)
    )


def _vector(owner: str, task: TaskRow) -> str:
    # Spec: features/finding.md#FIND-008
    return vector(owner, important=task.title, other=task.description or "")


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(UUID(text) for text in texts)


_STATEMENTS = OwnedStatements(
    Task,
    TaskRow,
    texts=("title", "description"),
    gathered={"tag_ids": tag_ids(_TASK)},
    sets={"tag_ids": _tagging()},
    derived={"search": Derived(frozenset({"title", "description"}), _vector)},
    decode={"tag_ids": _ids},
)
# No chain of parents is as long as this; it ends a walk even if one should be closed.
_FARTHEST: ColumnElement[int] = literal_column("50")


def _walk(*, up: bool, where: ColumnElement[bool] | None = None) -> CTE:
    """Build the walk from a task to its ancestors, or to all that is below it, with the distance of each.

    The task itself is at 0.
    """
    begin = select(_TASK.c.id, _TASK.c.parent_id, literal_column("0").label("distance"))
    walk = begin.where(mine(_TASK), _TASK.c.id == bindparam("id")).cte("walk", recursive=True)
    on = _TASK.c.id == walk.c.parent_id if up else _TASK.c.parent_id == walk.c.id
    step = select(_TASK.c.id, _TASK.c.parent_id, walk.c.distance + literal_column("1")).join(walk, on)
    step = step if where is None else step.where(where)
    return walk.union_all(step.where(mine(_TASK), walk.c.distance < _FARTHEST))


_UP, _DOWN = _walk(up=True), _walk(up=False)
_LIVING_DOWN = _walk(up=False, where=_TASK.c.deleted_at.is_(None))
_ANCESTRY = Statement(select(_UP.c.id).order_by(_UP.c.distance))
_HEIGHT = Statement(select(func.max(_LIVING_DOWN.c.distance)))
_SUBTREE = Statement(
    select(*_STATEMENTS.columns)
    .join(_DOWN, _DOWN.c.id == _TASK.c.id)
    .where(mine(_TASK))
    .order_by(_DOWN.c.distance, _TASK.c.position, _TASK.c.id)
)


def _tree() -> Statement:
    """Build the tree as the texts of its nodes, whose JSON costs less to make there than here."""
    living = select(_TASK, _DOWN.c.distance).join(_DOWN, _DOWN.c.id == _TASK.c.id)
    rows = living.where(mine(_TASK), _TASK.c.deleted_at.is_(None)).subquery("living")
    fields = task_fields(rows)
    nodes = select(rows.c.id, rows.c.parent_id, as_json(fields)).select_from(rows.join(fields, true()))
    return Statement(nodes.order_by(rows.c.distance, rows.c.position, rows.c.id))


_TREE = _tree()


class TreeNode(NamedTuple):
    """A task of a tree; `body` is the text of its JSON."""

    id: UUID
    parent_id: UUID | None
    body: str


Rooted = TypeVar("Rooted", TaskRow, TreeNode)


def _rooted(rows: list[Rooted], task_id: UUID) -> list[Rooted]:
    if not rows or rows[0].id != task_id:
        raise NotFound("There is no such task.")
    return rows


_CHILD = _TASK.alias("child")


def _a_living_subtask() -> ColumnElement[bool]:
    return there_is(*living(_CHILD), _CHILD.c.parent_id == _TASK.c.id)


def _an_old_subtask() -> ColumnElement[bool]:
    """Build the condition that a task has a subtask which was deleted before a moment.

    It is written so that the planner cannot take the index of deletion times for it: it would look through the whole
    trash for each task in the trash, which takes hours.
    """
    deleted_at = func.coalesce(_CHILD.c.deleted_at, literal_column("'infinity'::timestamptz"))
    return there_is(mine(_CHILD), _CHILD.c.parent_id == _TASK.c.id, deleted_at < bindparam("before"))


class Tasks(Owned[TaskRow], HasNeighbours):
    """The tasks of one person."""

    entity = "task"
    statements = _STATEMENTS
    neighbours = neighbours_in(_TASK)
    used_by = _a_living_subtask()
    held_by = _an_old_subtask()

    async def subtree(self, task_id: UUID) -> Sequence[TaskRow]:
        """Return a task and everything below it, deleted or not.

        The task itself comes first, and each level is in its manual order.
        """
        records = await self._fetch(_SUBTREE, id=task_id)
        return [self.statements.row(record) for record in records]

    async def living_subtree(self, task_id: UUID) -> Sequence[TaskRow]:
        """Return a living task and all that is living below it: each level in its manual order, the task itself first.

        Raises:
            NotFound: The task is not there, or deleted.
        """
        return _rooted([row for row in await self.subtree(task_id) if row.deleted_at is None], task_id)

    async def living_tree(self, task_id: UUID) -> Sequence[TreeNode]:
        """Return a living task and all that is living below it, each level in its manual order, the task itself first.

        Raises:
            NotFound: The task is not there, or deleted.
        """
        records = await self._fetch(_TREE, id=task_id)
        return _rooted([TreeNode(*record) for record in records], task_id)

    async def ancestry(self, task_id: UUID) -> Sequence[UUID]:
        """Return the ids of a task, its parent, and so on up to the top."""
        records = await self._fetch(_ANCESTRY, id=task_id)
        return [record["id"] for record in records]

    async def height(self, task_id: UUID) -> int:
        """Return how many levels of living subtasks there are below a task."""
        record = await self._fetch_row(_HEIGHT, id=task_id)
        return 0 if record is None else record[0] or 0
