"""Count open tasks in their index alone, and look words up in theirs alone, for people who have much.

See specs/database/migrations/0005-quicker-finding.md.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations.online import create_index, drop_index, execute, step
from app.migrations.steps_v1 import join_role_without_its_sight, leave_role

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INDEX = "ix_task_user_id_open_due_id"
_NEXT_INDEX = f"{_INDEX}_next"
_COLUMNS: list[str | sa.TextClause] = [
    "user_id",
    sa.text("(CASE WHEN due_date IS NULL THEN 'infinity'::date ELSE due_date END)"),
    sa.text("(CASE WHEN due_time IS NULL THEN '23:59:59.999999'::time ELSE due_time END)"),
    "id",
]
_OPEN = sa.text("deleted_at IS NULL AND completed_at IS NULL")
_FIND = """
    CREATE OR REPLACE FUNCTION agendum.found_tasks(query tsquery) RETURNS TABLE (task_id uuid, rank real)
    LANGUAGE sql STABLE ROWS 100 {settings}
    AS $$
        SELECT found.task_id, max(found.rank) FROM (
            SELECT id, ts_rank(search, query) FROM agendum.task
            WHERE search @@ query AND user_id {same} {owner}
            UNION ALL
            SELECT comment.task_id, ts_rank(search, query) FROM agendum.comment
            WHERE search @@ query AND deleted_at IS NULL AND user_id {same} {owner}
        ) AS found (task_id, rank)
        GROUP BY found.task_id
    $$
"""
_OWNER = "(SELECT nullif(current_setting('app.user_id', true), ''))"
# No index answers this comparison. With "=", an index of owners was read as well: all that the person has, beside what
# the index of words had found, which is the person's alone. An absent owner is nobody, as no row is without one.
_SAME = "IS NOT DISTINCT FROM"
_PATH = "SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
# The index of words can be read as a bitmap only. Planning for each question takes longer than finding a few tasks.
_SETTINGS = f"{_PATH} SET enable_bitmapscan = on SET plan_cache_mode = force_generic_plan"


def upgrade() -> None:
    # What interrupts it here makes the next start build the index once more, at the worst.
    included = ["start_date", "priority"]
    create_index(_NEXT_INDEX, "task", _COLUMNS, postgresql_where=_OPEN, postgresql_include=included)
    drop_index(_INDEX)
    # Nobody calls an index by its name.
    execute(f"-- squawk-ignore renaming-object\nALTER INDEX agendum.{_NEXT_INDEX} RENAME TO {_INDEX}")
    step(lambda: _replace_search(_FIND.format(same=_SAME, owner=_OWNER, settings=_SETTINGS)))


def downgrade() -> None:
    _replace_search(_FIND.format(same="=", owner=_OWNER, settings=_PATH))
    op.drop_index(_INDEX, "task", schema="agendum")
    op.create_index(_INDEX, "task", _COLUMNS, schema="agendum", postgresql_where=_OPEN)


def _replace_search(definition: str) -> None:
    """Replace the function as its owner, who must be allowed to create one there, at that moment."""
    join_role_without_its_sight("agendum_search")
    op.execute("GRANT CREATE ON SCHEMA agendum TO agendum_search")
    op.execute("SET LOCAL ROLE agendum_search")
    op.execute(definition)
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA agendum FROM agendum_search")
    leave_role("agendum_search")
