"""What a task list can be narrowed and sorted by, each as SQL that an index answers.

It runs nothing and knows no pages.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    REAL,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    Time,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.database.statements import id_list
from app.domain.fields import MOST_NAMED_TAGS
from app.domain.priority import Priority
from app.models.naming import table_of
from app.models.task import COMPLETED_KEY, DUE_DAY_KEY, DUE_TIME_KEY, PRIORITY_KEY, START_KEY, Task, TaskTag
from app.repositories.owner import mine
from app.repositories.questions import Condition, FoundIn, Given

TASK = table_of(Task)
_TASK, _LINK = TASK.c, table_of(TaskTag)
_due_day: ColumnElement[Any] = literal_column(DUE_DAY_KEY, Date)
_priority: ColumnElement[Any] = literal_column(PRIORITY_KEY, Integer)
_NEVER: ColumnElement[Any] = literal_column("'infinity'::date", Date)
_MOMENT = DateTime(timezone=True)
_completed_at: ColumnElement[Any] = literal_column(COMPLETED_KEY, _MOMENT)
_RANKS = {priority.value: str(rank) for rank, priority in enumerate(Priority)}


# What the words of a question find, looked up once however often it is used.
FOUND = select(
    func.agendum.found_tasks(cast(cast(bindparam("query"), Text), TSQUERY)).table_valued(
        column("task_id", Uuid), column("rank", REAL)
    )
).cte("found")
# What lists are sorted by: values that are never null, in the words of the indexes.
SORT_KEYS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "created_at": (_TASK.created_at,),
    "updated_at": (_TASK.updated_at,),
    "completed_at": (_completed_at,),
    "due": (_due_day, literal_column(DUE_TIME_KEY, Time)),
    "start_date": (literal_column(START_KEY, Date),),
    "priority": (_priority,),
    "title": (_TASK.title_key,),
    "position": (_TASK.position,),
    "rank": (FOUND.c.rank,),
    # In the trash alone.
    "deleted_at": (_TASK.deleted_at,),
}


def _tagged(tag_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Build the condition that a task has a tag, as one list of ids.

    As a join, it compared each task with each tagged one for an owner whom the statistics do not know.
    """
    task_ids = select(_LINK.c.task_id).where(mine(_LINK), _LINK.c.tag_id == tag_id)
    return _TASK.id == func.any(func.array(task_ids.scalar_subquery()))


_NOW, _TODAY = bindparam("now", type_=_MOMENT), bindparam("today", type_=Date)
_PAST = func.coalesce(_TASK.due_at < _NOW, _TASK.due_date < _TODAY, literal_column("false", Boolean))
# The due day and the priority are asked for in the words of their indexes.
# Spec: features/finding.md#FIND-003 features/finding.md#FIND-004 features/finding.md#FIND-005
LIVING = Condition(_TASK.deleted_at.is_(None))
DELETED = Condition(_TASK.deleted_at.is_not(None))
OPEN = Condition(_TASK.completed_at.is_(None))
# In the words of the index, so that it is entered there: all open tasks stand before it in descending order.
COMPLETED = Condition(_completed_at < literal_column("'infinity'::timestamptz", _MOMENT))
WITHOUT_CATEGORY = Condition(_TASK.category_id.is_(None))
WITHOUT_PARENT = Condition(_TASK.parent_id.is_(None))
WITHOUT_DUE = Condition(_due_day == _NEVER)
WITH_DUE = Condition(_due_day < _NEVER)
_STARTED = Condition(or_(_TASK.start_date.is_(None), _TASK.start_date <= _TODAY))
_RANKED = cast(cast(bindparam("ranks", type_=ARRAY(Text)), ARRAY(Text)), ARRAY(Integer))
_PRIORITIES = Condition(_priority == func.any(_RANKED))
_IN_CATEGORY = Condition(_TASK.category_id == bindparam("category_id"))
_BELOW = Condition(_TASK.parent_id == bindparam("parent_id"))
_ANY_TAG = Condition(_tagged(func.any(id_list("tag_ids"))))
_EACH_TAG = [Condition(_tagged(bindparam(f"tag_{number}", type_=Uuid))) for number in range(MOST_NAMED_TAGS)]
_DUE_BEFORE = Condition(_due_day < bindparam("due_before", type_=Date))
_DUE_AFTER = Condition(and_(_due_day > bindparam("due_after", type_=Date), _due_day < _NEVER))
# What is past was due before tomorrow ends in UTC, wherever it was due.
_DUE_SOON = _due_day <= bindparam("tomorrow", type_=Date)
_OVERDUE = Condition(and_(_TASK.completed_at.is_(None), _DUE_SOON, _PAST))
_NOT_OVERDUE = Condition(or_(_TASK.completed_at.is_not(None), ~_PAST))
_UPDATED_AFTER = Condition(_TASK.updated_at > bindparam("updated_after", type_=_MOMENT))
_FOUND = FoundIn(FOUND.c.task_id == _TASK.id, FOUND, FOUND.c.task_id, FOUND.c.rank)


def started(today: date) -> Given:
    """Return the condition that the start date of a task has come."""
    return _STARTED.given(today=today)


def of_priorities(priorities: Iterable[Priority]) -> Given:
    """Return the condition that a task has one of these priorities."""
    return _PRIORITIES.given(ranks=[_RANKS[priority.value] for priority in priorities])


def in_category(category_id: UUID) -> Given:
    """Return the condition that a task is in a category."""
    return _IN_CATEGORY.given(category_id=category_id)


def below(parent_id: UUID) -> Given:
    """Return the condition that a task is a direct subtask of another one."""
    return _BELOW.given(parent_id=parent_id)


def with_any_tag(tag_ids: Iterable[str]) -> Given:
    """Return the condition that a task has one of these tags."""
    return _ANY_TAG.given(tag_ids=list(tag_ids))


def with_each_tag(tag_ids: Iterable[str]) -> Iterator[Given]:
    """Return a condition for each of these tags, of which there are at most ten: that a task has it."""
    for number, tag_id in enumerate(tag_ids):
        yield _EACH_TAG[number].given(**{f"tag_{number}": UUID(tag_id)})


def due_before(day: date) -> Given:
    """Return the condition that a task is due on an earlier day."""
    return _DUE_BEFORE.given(due_before=day)


def due_after(day: date) -> Given:
    """Return the condition that a task is due on a later day."""
    return _DUE_AFTER.given(due_after=day)


def overdue(now: datetime, *, today: date) -> Given:
    """Return the condition that a task is open and past its due date or time."""
    return _OVERDUE.given(now=now, today=today, tomorrow=now.date() + timedelta(days=1))


def not_overdue(now: datetime, *, today: date) -> Given:
    """Return the condition that a task is done, not past its due date or time, or has none."""
    return _NOT_OVERDUE.given(now=now, today=today)


def updated_after(moment: datetime) -> Given:
    """Return the condition that a task was changed after a moment."""
    return _UPDATED_AFTER.given(updated_after=moment)


def found(query: str) -> Given:
    """Return the condition that words find a task; the query is the text of a `tsquery`."""
    return _FOUND.given(query=query)
