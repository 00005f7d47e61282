"""The table of tasks as 0002 makes it: beside the one in use, filled while that is written, and then put in its place.

A generated column cannot be added without writing the table anew under a lock; so it is made anew without a lock.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.online import Key, in_batches, is_there, past_the_walls, step
from app.migrations.steps_v1 import (
    KEY_TEXT,
    MOMENT,
    check,
    give_to_owners,
    reference,
    task_columns,
    task_rules,
)
from app.migrations.values_v1 import instant, vector

NEXT = "agendum_next"
_DUE = (
    "(CASE WHEN due_date IS NULL THEN 'infinity'::date ELSE due_date END), "
    "(CASE WHEN due_time IS NULL THEN '23:59:59.999999'::time ELSE due_time END)"
)
_START = "(CASE WHEN start_date IS NULL THEN 'infinity'::date ELSE start_date END)"
_COMPLETED = "(CASE WHEN completed_at IS NULL THEN 'infinity'::timestamptz ELSE completed_at END)"
_PRIORITY = (
    "(CASE priority WHEN 'none' THEN 0 WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END)"
)
_LIVING = "WHERE deleted_at IS NULL"
_INDEXES = {
    "ix_task_user_id_created_at_id": f"(user_id, created_at DESC, id DESC) INCLUDE (start_date) {_LIVING}",
    "ix_task_user_id_due_id": f"(user_id, {_DUE}, id) {_LIVING}",
    "ix_task_user_id_start_date_id": f"(user_id, {_START}, id) {_LIVING}",
    "ix_task_user_id_completed_at_id": f"(user_id, {_COMPLETED}, id) {_LIVING}",
    "ix_task_user_id_priority_id": f"(user_id, {_PRIORITY}, id) {_LIVING}",
    "ix_task_user_id_title_id": f"(user_id, title_key, id) {_LIVING}",
    "ix_task_user_id_position_id": f"(user_id, position, id) {_LIVING}",
    "ix_task_user_id_open_due_id": f"(user_id, {_DUE}, id) {_LIVING} AND completed_at IS NULL",
    "ix_task_user_id_updated_at_id": "(user_id, updated_at, id)",
    "ix_task_user_id_category_id_created_at_id": "(user_id, category_id, created_at, id)",
    "ix_task_user_id_parent_id_id": "(user_id, parent_id, id)",
    "ix_task_user_id_deleted_at_id": "(user_id, deleted_at, id) WHERE deleted_at IS NOT NULL",
    "ix_task_search": "USING gin (search)",
}
# Behind each other, in the order of their making; the digits are 0-9A-Za-z, and an "8" begins those of this release.
_POSITION = "concat('7', lpad(((extract(epoch FROM {moment}) * 1000000)::bigint)::text, 16, '0'), '1')"
_KEPT = """
    user_id, id, title, description, priority, due_date, due_time, due_timezone,
    completed_at, created_at, updated_at, deleted_at, version
"""
_BATCH = 500
# So many that were written since are copied under the lock.
_FEW = 100
_BEFORE_ALL = ("", "00000000-0000-0000-0000-000000000000")
_LAST_COPIED = sa.text(f"SELECT user_id, id FROM {NEXT}.task ORDER BY user_id DESC, id DESC LIMIT 1")
_READ = "SELECT user_id, id, title, description, due_date, due_time, due_timezone FROM agendum.task"
_AMONG = "(user_id, id) IN (SELECT * FROM unnest(CAST(:user_ids AS text[]), CAST(:ids AS uuid[])))"
_BEHIND = "(user_id, id) > (:user_id, CAST(:id AS uuid)) ORDER BY user_id, id"
_SOME = sa.text(f"{_READ} WHERE {_BEHIND} LIMIT {_BATCH}")
_THESE = sa.text(f"{_READ} WHERE {_AMONG}")
_COPY = f"""
    INSERT INTO {NEXT}.task ({_KEPT}, position, search, due_at)
    SELECT {_KEPT}, {_POSITION.format(moment="created_at")}
"""
# A task that was changed since it was read has been noted, and is copied again.
_COPY_WITH = sa.text(f"""
    {_COPY}, CAST(words AS tsvector), due_at
    FROM unnest(
        CAST(:user_ids AS text[]), CAST(:ids AS uuid[]), CAST(:words AS text[]), CAST(:moments AS timestamptz[])
    ) AS computed (user_id, id, words, due_at)
    JOIN agendum.task USING (user_id, id)
""")
_FORGET = sa.text(f"""
    DELETE FROM {NEXT}.noted
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM {NEXT}.noted LIMIT {_BATCH})) RETURNING user_id, id
""")
_REMOVE = sa.text(f"DELETE FROM {NEXT}.task WHERE {_AMONG}")
_HOW_MANY_NOTED = sa.text(f"SELECT count(*) FROM (SELECT FROM {NEXT}.noted LIMIT {_FEW + 1}) AS last")
# Whoever writes a task may not write here: the function does it for the owner of the tables.
_NOTE = f"""
    CREATE FUNCTION {NEXT}.note() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$ BEGIN
        INSERT INTO {NEXT}.noted VALUES (coalesce(new.user_id, old.user_id), coalesce(new.id, old.id));
        RETURN NULL;
    END $$
"""
_WATCH = f"""
    CREATE OR REPLACE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON agendum.task
    FOR EACH ROW EXECUTE FUNCTION {NEXT}.note()
"""


def replace_tasks() -> None:
    """Replace the table of tasks by one of the new form.

    Each task gets a place in the order in which they were made, its search words, and the moment at which it is due.
    """
    # Spec: features/operations.md#OPS-040
    if is_there("agendum.ix_task_search"):
        return
    if not is_there(f"{NEXT}.task"):
        step(_create)
    # From here on, everything that is written is noted, so that nothing is missed by a copy that reads without a lock.
    step(lambda: op.execute(_WATCH))
    with past_the_walls("task"):
        in_batches(_copy)
        # Nobody else uses the table yet, so that its indexes may be built in peace.
        if not is_there(f"{NEXT}.ix_task_search"):
            step(_complete)
        in_batches(_catch_up)
        while not step(_put_in_place):
            in_batches(_catch_up)


def _create() -> None:
    """Make the table, what is noted, and who notes it, in a schema that nobody else may use."""
    op.execute(f"CREATE SCHEMA {NEXT}")
    op.create_table("task", *_columns(), *_rules(), schema=NEXT)
    op.execute(f"ALTER TABLE {NEXT}.task ENABLE ROW LEVEL SECURITY")
    give_to_owners("task", privileges="SELECT, INSERT, UPDATE, DELETE", schema=NEXT)
    op.execute(f"CREATE TABLE {NEXT}.noted (user_id text NOT NULL, id uuid NOT NULL)")
    op.execute(_NOTE)


def _columns() -> tuple[sa.Column[Any], ...]:
    position = sa.text(_POSITION.format(moment="now()"))
    return (
        *task_columns(),
        sa.Column("start_date", sa.Date),
        sa.Column("due_at", MOMENT),
        sa.Column("category_id", sa.Uuid),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("position", KEY_TEXT, nullable=False, server_default=position),
        sa.Column("search", postgresql.TSVECTOR, nullable=False, server_default=sa.text("''")),
        sa.Column("title_key", sa.Text, sa.Computed("lower(title)", persisted=True)),
    )


def _rules() -> tuple[sa.Constraint, ...]:
    return (
        *task_rules(),
        reference("task", "category_id", "category"),
        reference("task", "parent_id", "task", schema=NEXT),
        check("task", "start_date_range", "start_date BETWEEN '1900-01-01' AND '9998-12-31'"),
        check("task", "parent_is_another", "parent_id <> id"),
        check("task", "position_length", "char_length(position) BETWEEN 1 AND 1000"),
    )


def _complete() -> None:
    """Build the indexes, let housekeeping and search see what they may, and count what is there for the planner."""
    op.execute("SET LOCAL statement_timeout = 0")
    for name, definition in _INDEXES.items():
        _execute("require-concurrent-index-creation", f"CREATE INDEX {name} ON {NEXT}.task {definition}")
    # The statistics of a partial index are not used for the table: half of the tasks would be taken for few.
    due_day = _DUE.partition(", ")[0]
    op.execute(f"CREATE STATISTICS {NEXT}.st_task_keys ON {due_day}, {_PRIORITY} FROM {NEXT}.task")
    deleted = "USING (deleted_at IS NOT NULL)"
    op.execute(f"CREATE POLICY task_worker ON {NEXT}.task FOR SELECT TO agendum_worker {deleted}")
    op.execute(f"GRANT SELECT (user_id, deleted_at) ON {NEXT}.task TO agendum_worker")
    op.execute(f"CREATE POLICY task_search ON {NEXT}.task FOR SELECT TO agendum_search USING (true)")
    op.execute(f"GRANT SELECT (user_id, id, search) ON {NEXT}.task TO agendum_search")
    op.execute(f"ANALYZE {NEXT}.task")


def _execute(ignored: str, statement: str) -> None:
    """Run a statement that the linter refuses for a table that is in use, which this is not."""
    op.execute(f"-- squawk-ignore {ignored}\n{statement}")


def _copy(after: Key | None) -> Key | None:
    """Copy the tasks behind a key, or behind the last one that was copied before an interruption."""
    connection = op.get_bind()
    user_id, task_id = after or connection.execute(_LAST_COPIED).one_or_none() or _BEFORE_ALL
    tasks = connection.execute(_SOME, {"user_id": user_id, "id": task_id}).all()
    _insert(tasks)
    return (tasks[-1].user_id, tasks[-1].id) if tasks else None


def _catch_up(_after: Key | None) -> Key | None:
    """Copy again what was written since; return nothing once it is so little that the rest can wait."""
    connection = op.get_bind()
    noted = set(connection.execute(_FORGET).all())
    keys = {"user_ids": [user_id for user_id, _id in noted], "ids": [task_id for _user_id, task_id in noted]}
    connection.execute(_REMOVE, keys)
    _insert(connection.execute(_THESE, keys).all())
    return ("more",) if len(noted) > _FEW else None


def _insert(tasks: Sequence[sa.Row[Any]]) -> None:
    computed = {
        "user_ids": [task.user_id for task in tasks],
        "ids": [task.id for task in tasks],
        "words": [
            vector(task.user_id, title=task.title, description=task.description or "") for task in tasks
        ],
        "moments": [instant(task.due_date, task.due_time, task.due_timezone) for task in tasks],
    }
    op.get_bind().execute(_COPY_WITH, computed)


def _put_in_place() -> bool:
    """Lock the table for a moment, copy what was written last, and put the new table in its place.

    Nothing is done, and False is returned, if too much was written for a moment.
    """
    # Nobody uses the new table, so that nobody is stalled by a wait for it, as for the autovacuum.
    op.execute(f"LOCK TABLE {NEXT}.task IN ACCESS EXCLUSIVE MODE")
    # Dropping a foreign key takes a lock of what it refers to, too.
    op.execute("LOCK TABLE agendum.task, agendum.account IN ACCESS EXCLUSIVE MODE")
    if op.get_context().as_sql:
        # Words and moments cannot be made without looking at the rows.
        op.execute(f"{_COPY}, '', NULL FROM agendum.task")
    elif op.get_bind().scalar(_HOW_MANY_NOTED) > _FEW:
        return False
    else:
        _catch_up(None)
    _execute("ban-drop-table", "DROP TABLE agendum.task")
    op.execute(f"ALTER TABLE {NEXT}.task FORCE ROW LEVEL SECURITY")
    _execute("ban-set-schema", f"ALTER TABLE {NEXT}.task SET SCHEMA agendum")
    op.execute(f"ALTER STATISTICS {NEXT}.st_task_keys SET SCHEMA agendum")
    _execute("ban-drop-function", f"DROP FUNCTION {NEXT}.note()")
    _execute("ban-drop-table", f"DROP TABLE {NEXT}.noted")
    _execute("ban-drop-schema", f"DROP SCHEMA {NEXT}")
    return True
