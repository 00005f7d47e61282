"""A task as the text of the API's JSON, built by PostgreSQL.

Lists use it, because it costs a third of building the text in Python (decision 7).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, case, cast, func, literal_column, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from app.models.naming import table_of
from app.models.task import Task, TaskRow, TaskTag
from app.repositories.owner import mine
from app.repositories.questions import Projection

_TASK, _LINK = table_of(Task), table_of(TaskTag)


def tag_ids(tasks: FromClause) -> ColumnElement[Any]:
    """Return the ids of the tags of each task, in their order, as an array of texts."""
    own = (mine(_LINK), _LINK.c.task_id == tasks.c.id)
    ids = select(cast(_LINK.c.tag_id, Text)).where(*own).order_by(_LINK.c.tag_id)
    return func.array(ids.correlate(tasks).scalar_subquery())


def task_fields(tasks: FromClause) -> LateralFromClause:
    """Return, beside each row of tasks, a row with the fields, the order and the values of `TaskRead`.

    A test compares the two.
    """
    task = tasks.c
    due = func.json_build_object(
        literal_column("'date'"),
        task.due_date,
        literal_column("'time'"),
        task.due_time,
        literal_column("'timezone'"),
        task.due_timezone,
    )
    fields = select(
        task.id,
        task.title,
        task.description,
        task.completed_at.is_not(None).label("completed"),
        _moment(task.completed_at).label("completed_at"),
        task.priority,
        case((task.due_date.is_not(None), due)).label("due"),
        task.start_date,
        task.category_id,
        task.parent_id,
        task.position,
        tag_ids(tasks).label("tag_ids"),
        _moment(task.created_at).label("created_at"),
        _moment(task.updated_at).label("updated_at"),
        _moment(task.deleted_at).label("deleted_at"),
        task.version,
    )
    return fields.correlate(tasks).lateral("task")


def as_json(row: LateralFromClause) -> ColumnElement[str]:
    """Return the text of a row's JSON object."""
    return cast(func.row_to_json(row.table_valued()), Text)


def _moment(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Write a moment as the API does: in UTC, to the microsecond."""
    return func.to_char(
        func.timezone(literal_column("'UTC'"), column), literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""")
    )


def _as_json(page: FromClause) -> tuple[FromClause, list[ColumnElement[Any]]]:
    fields = task_fields(page)
    return page.join(fields, true()), [as_json(fields).label("body")]


def _text(values: Sequence[Any]) -> str:
    text: str = values[0]
    return text


# Each task as the text of its JSON, for lists.
TASK_JSON: Projection[str] = Projection(
    [_TASK.c[name] for name in TaskRow._fields if name != "tag_ids"], _as_json, _text
)
