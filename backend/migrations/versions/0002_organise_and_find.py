"""Organise and find: categories, tags, comments, saved filters, kept answers, and what tasks and changes need for them.

See specs/database/migrations/0002-organise-and-find.md.
"""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from app.domain.due import Due, instant
from app.domain.search import vector

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Spec: features/isolation.md#ISO-002 features/isolation.md#ISO-006
_OWNER = "user_id = (SELECT nullif(current_setting('app.user_id', true), ''))"
_MOMENT = sa.DateTime(timezone=True)
_KEY_TEXT = sa.Text(collation="C")
_LIVING = sa.text("deleted_at IS NULL")
_ROLES = ("agendum_search", "agendum_worker")
_TABLES = ("idempotency_key", "saved_filter", "comment", "task_tag", "tag")
_SORT_KEYS = {
    "due": (
        "(CASE WHEN due_date IS NULL THEN 'infinity'::date ELSE due_date END)",
        "(CASE WHEN due_time IS NULL THEN '23:59:59.999999'::time ELSE due_time END)",
    ),
    "start_date": ("(CASE WHEN start_date IS NULL THEN 'infinity'::date ELSE start_date END)",),
    "completed_at": ("(CASE WHEN completed_at IS NULL THEN 'infinity'::timestamptz ELSE completed_at END)",),
    "priority": ("(CASE priority WHEN 'none' THEN 0 WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3 ELSE 4 END)",),
    "title": ("title_key",),
    "position": ("position",),
}
# Behind each other, in the order of their making; the digits of a position are 0-9A-Za-z, and an "8" begins those of this release.
_POSITION = "concat('7', lpad(((extract(epoch FROM {moment}) * 1000000)::bigint)::text, 16, '0'), '1')"
_SOME_TASKS = """
    SELECT user_id, id, title, description, due_date, due_time, due_timezone FROM agendum.task
    WHERE (user_id, id) > (:user_id, CAST(:id AS uuid)) ORDER BY user_id, id LIMIT 1000
"""
_ACTIONS = "'created', 'updated', 'completed', 'reopened', 'moved', 'deleted', 'restored', 'purged', 'reverted'"
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
"""


def upgrade() -> None:
    for role in _ROLES:
        _create_role(role)
    op.execute(f"GRANT USAGE ON SCHEMA agendum TO {', '.join(_ROLES)}")
    _create_category()
    _create_tag()
    _extend_task()
    _create_task_tag()
    _create_comment()
    _create_saved_filter()
    _create_idempotency_key()
    _let_changes_say_more()
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
    _index_newest(include=())
    for column in ("title_key", "search", "position", "parent_id", "category_id", "due_at", "start_date"):
        op.drop_column("task", column, schema="agendum")
    op.drop_index("ix_task_user_id_updated_at_id", "task", schema="agendum")
    op.drop_index("ix_task_user_id_deleted_at_id", "task", schema="agendum")
    op.execute("DROP STATISTICS agendum.st_task_keys")
    for name in ("due", "completed_at", "priority", "open_due"):
        op.drop_index(f"ix_task_user_id_{name}_id", "task", schema="agendum")
    op.drop_table("category", schema="agendum")
    op.execute(f"REVOKE USAGE ON SCHEMA agendum FROM {', '.join(_ROLES)}")


def _create_role(role: str) -> None:
    """Roles belong to the whole server, so that another database may have made them, even at this moment."""
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}' AND (rolsuper OR rolbypassrls OR rolcanlogin)) THEN "
        f"RAISE EXCEPTION 'the role {role} is there already, and may log in, bypass row-level security or do anything: "
        f"take that from it, with ALTER ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS'; END IF; END $$"
    )
    # A login that may become a role must not have its sight all the time; before PostgreSQL 16 that cannot be said.
    op.execute(
        "DO $$ DECLARE can_tell boolean := current_setting('server_version_num')::int >= 160000; "
        f"BEGIN IF NOT pg_has_role(current_user, '{role}', CASE WHEN can_tell THEN 'SET' ELSE 'MEMBER' END) THEN "
        f"EXECUTE 'GRANT {role} TO current_user' || CASE WHEN can_tell THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END; "
        "END IF; END $$"
    )


def _leave_role(role: str) -> None:
    """Give back the membership that this migration has taken."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_auth_members "
        f"WHERE roleid = '{role}'::regrole AND member = current_user::regrole AND grantor = current_user::regrole) "
        f"THEN REVOKE {role} FROM current_user; END IF; END $$"
    )


def _protect(table: str, *, privileges: str) -> None:
    op.execute(f"ALTER TABLE agendum.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE agendum.{table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_owner ON agendum.{table} TO agendum_app USING ({_OWNER}) WITH CHECK ({_OWNER})")
    op.execute(f"GRANT {privileges} ON agendum.{table} TO agendum_app")


def _let_the_worker_see_what_is_deleted(table: str) -> None:
    op.execute(f"CREATE POLICY {table}_worker ON agendum.{table} FOR SELECT TO agendum_worker USING (deleted_at IS NOT NULL)")
    op.execute(f"GRANT SELECT (user_id, deleted_at) ON agendum.{table} TO agendum_worker")
    columns, deleted = ["user_id", "deleted_at", "id"], sa.text("deleted_at IS NOT NULL")
    op.create_index(f"ix_{table}_user_id_deleted_at_id", table, columns, schema="agendum", postgresql_where=deleted)


def _owned_by_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["agendum.account.user_id"], name=f"fk_{table}_user_id_account")


def _reference(table: str, column: str, referred: str, *, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["user_id", column],
        [f"agendum.{referred}.user_id", f"agendum.{referred}.id"],
        name=f"fk_{table}_user_id_{column}_{referred}",
        ondelete=ondelete,
    )


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _identity(table: str) -> tuple[sa.Column[str], sa.Column[object], sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=f"pk_{table}"),
        _owned_by_account(table),
    )


def _history(table: str) -> tuple[sa.Column[object] | sa.CheckConstraint, ...]:
    return (
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("deleted_at", _MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        _check(table, "version_positive", "version >= 1"),
    )


def _named_once(table: str, column: str) -> None:
    op.create_index(f"ux_{table}_user_id_{column}", table, ["user_id", column], unique=True, schema="agendum", postgresql_where=_LIVING)


def _create_category() -> None:
    op.create_table(
        "category",
        *_identity("category"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("color", sa.Text),
        sa.Column("position", _KEY_TEXT, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        *_history("category"),
        _check("category", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        _check("category", "color", "color ~ '^#[0-9a-f]{6}$'"),
        _check("category", "position_length", "char_length(position) BETWEEN 1 AND 1000"),
        schema="agendum",
    )
    _named_once("category", "name")
    order = ["user_id", "position", "id"]
    op.create_index("ix_category_user_id_position_id", "category", order, schema="agendum", postgresql_where=_LIVING)
    _protect("category", privileges="SELECT, INSERT, UPDATE, DELETE")
    _let_the_worker_see_what_is_deleted("category")


def _create_tag() -> None:
    op.create_table(
        "tag",
        *_identity("tag"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded_name", _KEY_TEXT, nullable=False),
        sa.Column("color", sa.Text),
        *_history("tag"),
        _check("tag", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        _check("tag", "color", "color ~ '^#[0-9a-f]{6}$'"),
        schema="agendum",
    )
    _named_once("tag", "folded_name")
    _protect("tag", privileges="SELECT, INSERT, UPDATE, DELETE")
    _let_the_worker_see_what_is_deleted("tag")


def _extend_task() -> None:
    for column in (
        sa.Column("start_date", sa.Date),
        sa.Column("due_at", _MOMENT),
        sa.Column("category_id", sa.Uuid),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("position", _KEY_TEXT),
        sa.Column("search", postgresql.TSVECTOR, nullable=False, server_default=sa.text("''")),
    ):
        op.add_column("task", column, schema="agendum")
    # The rows are written anew in any case, for their positions and words.
    generated = "ADD COLUMN title_key text GENERATED ALWAYS AS (lower(title)) STORED"
    op.execute(f"-- squawk-ignore adding-field-with-default\nALTER TABLE agendum.task {generated}")
    op.alter_column("task", "position", server_default=sa.text(_POSITION.format(moment="now()")), schema="agendum")
    _fill_tasks()
    op.execute("-- squawk-ignore adding-not-nullable-field\nALTER TABLE agendum.task ALTER COLUMN position SET NOT NULL")
    for constraint in (
        "fk_task_user_id_category_id_category FOREIGN KEY (user_id, category_id) REFERENCES agendum.category (user_id, id)",
        "fk_task_user_id_parent_id_task FOREIGN KEY (user_id, parent_id) REFERENCES agendum.task (user_id, id)",
        "ck_task_start_date_range CHECK (start_date BETWEEN '1900-01-01' AND '9998-12-31')",
        "ck_task_parent_is_another CHECK (parent_id <> id)",
        "ck_task_position_length CHECK (char_length(position) BETWEEN 1 AND 1000)",
    ):
        op.execute(f"ALTER TABLE agendum.task ADD CONSTRAINT {constraint}")
    _index_task()
    op.execute("GRANT DELETE ON agendum.task TO agendum_app")
    _let_the_worker_see_what_is_deleted("task")


def _fill_tasks() -> None:
    """Give the tasks that are there a place, in the order of their making, their words, and the moments at which they are due.

    The owner of the table is let past its walls for that.
    """
    op.execute("ALTER TABLE agendum.task NO FORCE ROW LEVEL SECURITY")
    if context.is_offline_mode():
        # Words and moments cannot be made without looking at the rows.
        op.execute(f"UPDATE agendum.task SET position = {_POSITION.format(moment='created_at')}")
    else:
        _fill_each_task()
    op.execute("ALTER TABLE agendum.task FORCE ROW LEVEL SECURITY")


def _fill_each_task() -> None:
    connection = op.get_bind()
    position = _POSITION.format(moment="created_at")
    update = sa.text(
        f"UPDATE agendum.task SET position = {position}, search = CAST(:words AS tsvector), due_at = :due_at "
        "WHERE user_id = :user_id AND id = :id"
    )
    after: tuple[str, object] = ("", "00000000-0000-0000-0000-000000000000")
    while tasks := connection.execute(sa.text(_SOME_TASKS), {"user_id": after[0], "id": after[1]}).all():
        connection.execute(update, [_filling(task) for task in tasks])
        after = tasks[-1].user_id, tasks[-1].id


def _filling(task: sa.Row[Any]) -> dict[str, object]:
    due = None if task.due_date is None else Due(task.due_date, task.due_time, task.due_timezone)
    words = vector(task.user_id, important=task.title, other=task.description or "")
    return {"user_id": task.user_id, "id": task.id, "words": words, "due_at": due and instant(due)}


def _index_newest(*, include: tuple[str, ...]) -> None:
    """Make the index of the usual list anew, with the start date or without."""
    op.execute("-- squawk-ignore require-concurrent-index-deletion\nDROP INDEX agendum.ix_task_user_id_created_at_id")
    op.create_index(
        "ix_task_user_id_created_at_id",
        "task",
        ["user_id", sa.text("created_at DESC"), sa.text("id DESC")],
        schema="agendum",
        postgresql_where=_LIVING,
        postgresql_include=include,
    )


def _index_task() -> None:
    _index_newest(include=("start_date",))
    for name, keys in _SORT_KEYS.items():
        columns = ["user_id", *(sa.text(key) for key in keys), "id"]
        op.create_index(f"ix_task_user_id_{name}_id", "task", columns, schema="agendum", postgresql_where=_LIVING)
    op.create_index(
        "ix_task_user_id_open_due_id",
        "task",
        ["user_id", *(sa.text(key) for key in _SORT_KEYS["due"]), "id"],
        schema="agendum",
        postgresql_where=sa.text("deleted_at IS NULL AND completed_at IS NULL"),
    )
    op.create_index("ix_task_user_id_updated_at_id", "task", ["user_id", "updated_at", "id"], schema="agendum")
    columns = ["user_id", "category_id", "created_at", "id"]
    op.create_index("ix_task_user_id_category_id_created_at_id", "task", columns, schema="agendum")
    op.create_index("ix_task_user_id_parent_id_id", "task", ["user_id", "parent_id", "id"], schema="agendum")
    # What a partial index knows of its expressions is not believed of the table: half of the tasks would be taken for few.
    op.execute(f"CREATE STATISTICS agendum.st_task_keys ON {_SORT_KEYS['due'][0]}, {_SORT_KEYS['priority'][0]} FROM agendum.task")


def _create_task_tag() -> None:
    op.create_table(
        "task_tag",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("tag_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "task_id", "tag_id", name="pk_task_tag"),
        _owned_by_account("task_tag"),
        _reference("task_tag", "task_id", "task", ondelete="CASCADE"),
        _reference("task_tag", "tag_id", "tag"),
        schema="agendum",
    )
    op.create_index("ix_task_tag_user_id_tag_id_task_id", "task_tag", ["user_id", "tag_id", "task_id"], schema="agendum")
    _protect("task_tag", privileges="SELECT, INSERT, DELETE")


def _create_comment() -> None:
    op.create_table(
        "comment",
        *_identity("comment"),
        sa.Column("task_id", sa.Uuid, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *_history("comment"),
        sa.Column("search", postgresql.TSVECTOR, nullable=False),
        _reference("comment", "task_id", "task", ondelete="CASCADE"),
        _check("comment", "body_length", "char_length(body) BETWEEN 1 AND 10000"),
        schema="agendum",
    )
    order = ["user_id", "task_id", "created_at", "id"]
    op.create_index("ix_comment_user_id_task_id_created_at_id", "comment", order, schema="agendum")
    _protect("comment", privileges="SELECT, INSERT, UPDATE, DELETE")
    _let_the_worker_see_what_is_deleted("comment")


def _create_saved_filter() -> None:
    op.create_table(
        "saved_filter",
        *_identity("saved_filter"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", postgresql.JSONB, nullable=False),
        *_history("saved_filter"),
        _check("saved_filter", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        schema="agendum",
    )
    _named_once("saved_filter", "name")
    _protect("saved_filter", privileges="SELECT, INSERT, UPDATE, DELETE")
    _let_the_worker_see_what_is_deleted("saved_filter")


def _create_idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_key"),
        _owned_by_account("idempotency_key"),
        _check("idempotency_key", "key_length", "char_length(key) BETWEEN 1 AND 255"),
        schema="agendum",
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema="agendum")
    _protect("idempotency_key", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.execute("CREATE POLICY idempotency_key_worker ON agendum.idempotency_key FOR SELECT TO agendum_worker USING (true)")
    op.execute("GRANT SELECT (user_id, created_at) ON agendum.idempotency_key TO agendum_worker")


def _let_changes_say_more() -> None:
    """What was allowed stays so, and the rows are read once, so that nobody has to wait long."""
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE agendum.change DROP CONSTRAINT ck_change_action")
    rule = f"CHECK (action IN ({_ACTIONS}))"
    op.execute(f"-- squawk-ignore constraint-missing-not-valid\nALTER TABLE agendum.change ADD CONSTRAINT ck_change_action {rule}")


def _create_search() -> None:
    """Let one function look into the search index for everybody, and answer for the owner of the transaction alone (decision 8)."""
    op.execute("CREATE INDEX ix_task_search ON agendum.task USING gin (search)")
    op.execute("CREATE INDEX ix_comment_search ON agendum.comment USING gin (search) WHERE deleted_at IS NULL")
    for table, columns in (("task", "user_id, id, search"), ("comment", "user_id, task_id, search, deleted_at")):
        op.execute(f"CREATE POLICY {table}_search ON agendum.{table} FOR SELECT TO agendum_search USING (true)")
        op.execute(f"GRANT SELECT ({columns}) ON agendum.{table} TO agendum_search")
    op.execute(_FIND)
    op.execute("REVOKE ALL ON FUNCTION agendum.found_tasks(tsquery) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION agendum.found_tasks(tsquery) TO agendum_app")
    # Who becomes the owner of a function must be allowed to create one there, at that moment.
    op.execute("GRANT CREATE ON SCHEMA agendum TO agendum_search")
    op.execute("ALTER FUNCTION agendum.found_tasks(tsquery) OWNER TO agendum_search")
    op.execute("REVOKE CREATE ON SCHEMA agendum FROM agendum_search")
    _leave_role("agendum_search")
