"""Organise and find: categories, tags, comments, saved filters, kept answers, and what tasks and changes need for them.

See specs/database/migrations/0002-organise-and-find.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.online import add_constraint, is_there, step
from app.migrations.steps_v1 import (
    KEY_TEXT,
    LIVING,
    MOMENT,
    check,
    create_role,
    give_to_owners,
    history,
    identity,
    join_role_without_its_sight,
    leave_role,
    owned_by_account,
    reference,
    show_the_worker_what_is_deleted,
    wall,
)
from app.migrations.tasks_v2 import replace_tasks

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROLES = ("agendum_search", "agendum_worker")
_TABLES = ("idempotency_key", "saved_filter", "comment", "task_tag", "tag")
_ACTIONS = (
    "'created', 'updated', 'completed', 'reopened', 'moved', 'deleted', 'restored', 'purged', 'reverted'"
)
_FIND = """
    CREATE FUNCTION agendum.found_tasks(query tsquery) RETURNS TABLE (task_id uuid, rank real)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 100
    AS $$
        SELECT found.task_id, max(found.rank) FROM (
            SELECT id, ts_rank(search, query) FROM agendum.task
            WHERE search @@ query AND user_id = (SELECT nullif(current_setting('app.user_id', true), ''))
            UNION ALL
            SELECT comment.task_id, ts_rank(search, query) FROM agendum.comment
            WHERE search @@ query AND deleted_at IS NULL AND user_id = (SELECT nullif(current_setting('app.user_id', true), ''))
        ) AS found (task_id, rank)
        GROUP BY found.task_id
    $$
"""  # noqa: E501 (a function is stored as it was written)


def upgrade() -> None:
    if not is_there("agendum.category"):
        step(_prepare)
    replace_tasks()
    # What was allowed stays so.
    add_constraint("change", "ck_change_action", f"CHECK (action IN ({_ACTIONS}))")
    _create_saved_filter()
    _create_idempotency_key()
    # From here on, writers of tasks wait for the end.
    _create_task_tag()
    _create_comment()
    _create_search()


def downgrade() -> None:
    op.execute("DROP FUNCTION agendum.found_tasks(tsquery)")
    for policy in ("task_search", "task_worker"):
        op.execute(f"DROP POLICY {policy} ON agendum.task")
    for table in _TABLES:
        op.drop_table(table, schema="agendum")
    # A role that is kept may keep no privilege on what is kept as well.
    op.execute("REVOKE ALL ON agendum.task FROM agendum_search, agendum_worker")
    op.execute("REVOKE DELETE ON agendum.task FROM agendum_app")
    op.execute(
        "-- squawk-ignore require-concurrent-index-deletion\nDROP INDEX agendum.ix_task_user_id_created_at_id"
    )
    newest = "(user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL"
    op.execute(f"CREATE INDEX ix_task_user_id_created_at_id ON agendum.task {newest}")
    for column in ("title_key", "search", "position", "parent_id", "category_id", "due_at", "start_date"):
        op.drop_column("task", column, schema="agendum")
    op.drop_index("ix_task_user_id_updated_at_id", "task", schema="agendum")
    op.drop_index("ix_task_user_id_deleted_at_id", "task", schema="agendum")
    op.execute("DROP STATISTICS agendum.st_task_keys")
    for name in ("due", "completed_at", "priority", "open_due"):
        op.drop_index(f"ix_task_user_id_{name}_id", "task", schema="agendum")
    op.drop_table("category", schema="agendum")
    op.execute(f"REVOKE USAGE ON SCHEMA agendum FROM {', '.join(_ROLES)}")


def _prepare() -> None:
    for role in _ROLES:
        create_role(role)
    join_role_without_its_sight("agendum_worker")
    op.execute(f"GRANT USAGE ON SCHEMA agendum TO {', '.join(_ROLES)}")
    _create_category()
    _create_tag()


def _named_once(table: str, column: str) -> None:
    op.create_index(
        f"ux_{table}_user_id_{column}",
        table,
        ["user_id", column],
        unique=True,
        schema="agendum",
        postgresql_where=LIVING,
    )


def _create_category() -> None:
    op.create_table(
        "category",
        *identity("category"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("color", sa.Text),
        sa.Column("position", KEY_TEXT, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        *history("category"),
        check("category", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        check("category", "color", "color ~ '^#[0-9a-f]{6}$'"),
        check("category", "position_length", "char_length(position) BETWEEN 1 AND 1000"),
        schema="agendum",
    )
    _named_once("category", "name")
    order = ["user_id", "position", "id"]
    op.create_index(
        "ix_category_user_id_position_id", "category", order, schema="agendum", postgresql_where=LIVING
    )
    wall("category")
    give_to_owners("category", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_the_worker_what_is_deleted("category")


def _create_tag() -> None:
    op.create_table(
        "tag",
        *identity("tag"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", KEY_TEXT, nullable=False),
        sa.Column("color", sa.Text),
        *history("tag"),
        check("tag", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        check("tag", "color", "color ~ '^#[0-9a-f]{6}$'"),
        schema="agendum",
    )
    _named_once("tag", "folded_name")
    wall("tag")
    give_to_owners("tag", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_the_worker_what_is_deleted("tag")


def _create_task_tag() -> None:
    op.create_table(
        "task_tag",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("tag_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "task_id", "tag_id", name="pk_task_tag"),
        owned_by_account("task_tag"),
        reference("task_tag", "task_id", "task", ondelete="CASCADE"),
        reference("task_tag", "tag_id", "tag"),
        schema="agendum",
    )
    op.create_index(
        "ix_task_tag_user_id_tag_id_task_id", "task_tag", ["user_id", "tag_id", "task_id"], schema="agendum"
    )
    wall("task_tag")
    give_to_owners("task_tag", privileges="SELECT, INSERT, DELETE")


def _create_comment() -> None:
    op.create_table(
        "comment",
        *identity("comment"),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *history("comment"),
        sa.Column("search", postgresql.TSVECTOR, nullable=False),
        reference("comment", "task_id", "task", ondelete="CASCADE"),
        check("comment", "body_length", "char_length(body) BETWEEN 1 AND 10000"),
        schema="agendum",
    )
    order = ["user_id", "task_id", "created_at", "id"]
    op.create_index("ix_comment_user_id_task_id_created_at_id", "comment", order, schema="agendum")
    wall("comment")
    give_to_owners("comment", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_the_worker_what_is_deleted("comment")


def _create_saved_filter() -> None:
    op.create_table(
        "saved_filter",
        *identity("saved_filter"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", postgresql.JSONB, nullable=False),
        *history("saved_filter"),
        check("saved_filter", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        schema="agendum",
    )
    _named_once("saved_filter", "name")
    wall("saved_filter")
    give_to_owners("saved_filter", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_the_worker_what_is_deleted("saved_filter")


def _create_idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_key"),
        owned_by_account("idempotency_key"),
        check("idempotency_key", "key_length", "char_length(key) BETWEEN 1 AND 255"),
        schema="agendum",
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema="agendum")
    wall("idempotency_key")
    give_to_owners("idempotency_key", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.execute(
        "CREATE POLICY idempotency_key_worker ON agendum.idempotency_key FOR SELECT TO agendum_worker USING (true)"
    )
    op.execute("GRANT SELECT (user_id, created_at) ON agendum.idempotency_key TO agendum_worker")


def _create_search() -> None:
    """Let one function use everybody's search index, and answer for the owner of the transaction alone (decision 8)."""
    op.execute(
        "CREATE INDEX ix_comment_search ON agendum.comment USING gin (search) WHERE deleted_at IS NULL"
    )
    op.execute("CREATE POLICY comment_search ON agendum.comment FOR SELECT TO agendum_search USING (true)")
    op.execute("GRANT SELECT (user_id, task_id, search, deleted_at) ON agendum.comment TO agendum_search")
    op.execute(_FIND)
    op.execute("REVOKE ALL ON FUNCTION agendum.found_tasks(tsquery) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION agendum.found_tasks(tsquery) TO agendum_app")
    # Who gives a function away must be a member of its owner, who must be allowed to create one there, at that moment.
    join_role_without_its_sight("agendum_search")
    op.execute("GRANT CREATE ON SCHEMA agendum TO agendum_search")
    op.execute("ALTER FUNCTION agendum.found_tasks(tsquery) OWNER TO agendum_search")
    op.execute("REVOKE CREATE ON SCHEMA agendum FROM agendum_search")
    leave_role("agendum_search")
