"""What a task list can be narrowed and sorted by, each as SQL that an index answers. It runs nothing and knows no pages."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

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
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from app.database.statements import id_list
from app.domain.priority import Priority
from app.models.naming import table_of
from app.models.task import COMPLETED_KEY, DUE_DAY_KEY, DUE_TIME_KEY, PRIORITY_KEY, START_KEY, Task, TaskTag
from app.repositories.owner import mine

TASK = table_of(Task)
_TASK, _LINK = TASK.c, table_of(TaskTag)
_due_day: ColumnElement[Any] = literal_column(DUE_DAY_KEY, Date)
_priority: ColumnElement[Any] = literal_column(PRIORITY_KEY, Integer)
_NEVER: ColumnElement[Any] = literal_column("'infinity'::date", Date)
_MOMENT = DateTime(timezone=True)
_RANKS = {priority.value: str(rank) for rank, priority in enumerate(Priority)}


# What the words of a question find, looked up once however often it is used.
FOUND = select(
    func.agendum.found_tasks(cast(cast(bindparam("query"), Text), TSQUERY)).table_valued(column("task_id", Uuid), column("rank", REAL))
).cte("found")
# What lists are sorted by: values that are never null, in the words of the indexes.
SORT_KEYS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "created_at": (_TASK.created_at,),
    "updated_at": (_TASK.updated_at,),
    "completed_at": (literal_column(COMPLETED_KEY, _MOMENT),),
    "due": (_due_day, literal_column(DUE_TIME_KEY, Time)),
    "start_date": (literal_column(START_KEY, Date),),
    "priority": (_priority,),
    "title": (_TASK.title_key,),
    "position": (_TASK.position,),
    "rank": (FOUND.c.rank,),
}


def _tagged(tag_id: ColumnElement[Any]) -> ColumnElement[bool]:
    own = (mine(_LINK), _LINK.c.task_id == _TASK.id, _LINK.c.tag_id == tag_id)
    return exists(select(literal_column("1")).where(*own).correlate(TASK))


_NOW, _TODAY = bindparam("now", type_=_MOMENT), bindparam("today", type_=Date)
_PAST = func.coalesce(_TASK.due_at < _NOW, _TASK.due_date < _TODAY, literal_column("false", Boolean))
# What each condition means; a shape names those that hold. The due day and the priority are asked for in the words of their indexes.
# Spec: features/finding.md#FIND-003 features/finding.md#FIND-004 features/finding.md#FIND-005
CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "living": _TASK.deleted_at.is_(None),
    "started": or_(_TASK.start_date.is_(None), _TASK.start_date <= _TODAY),
    "open": _TASK.completed_at.is_(None),
    "completed": _TASK.completed_at.is_not(None),
    "priorities": _priority == func.any(cast(cast(bindparam("ranks", type_=ARRAY(Text)), ARRAY(Text)), ARRAY(Integer))),
    "category_id": _TASK.category_id == bindparam("category_id"),
    "no_category": _TASK.category_id.is_(None),
    "any_tag": _tagged(func.any(id_list("tag_ids"))),
    "parent_id": _TASK.parent_id == bindparam("parent_id"),
    "no_parent": _TASK.parent_id.is_(None),
    "due_before": _due_day < bindparam("due_before", type_=Date),
    "due_after": and_(_due_day > bindparam("due_after", type_=Date), _due_day < _NEVER),
    "no_due": _due_day == _NEVER,
    "with_due": _due_day < _NEVER,
    # What is past was due before tomorrow ends in UTC, wherever it was due.
    "overdue": and_(_TASK.completed_at.is_(None), _due_day <= bindparam("tomorrow", type_=Date), _PAST),
    "not_overdue": or_(_TASK.completed_at.is_not(None), ~_PAST),
    "updated_after": _TASK.updated_at > bindparam("updated_after", type_=_MOMENT),
}


def condition_of(name: str) -> ColumnElement[bool]:
    """Return what a condition means; `tag_0`, `tag_1` ... are that a task has this tag."""
    return _tagged(bindparam(name, type_=Uuid)) if name.startswith("tag_") else CONDITIONS[name]


def values_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that conditions ask for, given those of a question."""
    values = dict(given)
    if "now" in given:
        values["tomorrow"] = given["now"].date() + timedelta(days=1)
    if "priorities" in given:
        values["ranks"] = [_RANKS[priority] for priority in given["priorities"]]
    return values
