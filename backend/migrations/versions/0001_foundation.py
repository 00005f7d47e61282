"""Foundation: roles, accounts, passwords, tasks, counters and changes, with their policies and grants.

See specs/database/migrations/0001-foundation.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Spec: features/isolation.md#ISO-002 features/isolation.md#ISO-006
_OWNER = "user_id = (SELECT nullif(current_setting('app.user_id', true), ''))"
_MOMENT = sa.DateTime(timezone=True)
_ROLES = ("agendum_app", "agendum_identity")


def upgrade() -> None:
    for role in _ROLES:
        _create_role(role)
    op.execute(f"GRANT USAGE ON SCHEMA agendum TO {', '.join(_ROLES)}")
    # A login that only serves reads which revision it meets.
    op.execute("GRANT SELECT ON agendum.alembic_version TO agendum_app")
    _create_account()
    _create_password()
    _create_task()
    _create_change_counter()
    _create_change()


def downgrade() -> None:
    for table in ("change", "change_counter", "task", "password", "account"):
        op.drop_table(table, schema="agendum")


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
    # From PostgreSQL 16 on, whoever makes a role is a member that may grant it and not take it.
    op.execute(
        f"DO $$ BEGIN IF NOT pg_has_role(current_user, '{role}', "
        "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) "
        f"THEN GRANT {role} TO current_user; END IF; END $$"
    )


def _protect(table: str) -> None:
    op.execute(f"ALTER TABLE agendum.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE agendum.{table} FORCE ROW LEVEL SECURITY")


def _owned_by_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["agendum.account.user_id"], name=f"fk_{table}_user_id_account")


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_account"),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
        sa.CheckConstraint("char_length(user_id) BETWEEN 1 AND 255", name=op.f("ck_account_user_id_length")),
        sa.CheckConstraint("char_length(subject) BETWEEN 1 AND 255", name=op.f("ck_account_subject_length")),
        schema="agendum",
    )
    op.create_index(
        "ux_account_email",
        "account",
        [sa.text("lower(email)")],
        unique=True,
        schema="agendum",
        postgresql_where=sa.text("issuer = 'agendum'"),
    )
    _protect("account")
    op.execute(f"CREATE POLICY account_owner ON agendum.account FOR SELECT TO agendum_app USING ({_OWNER})")
    op.execute("CREATE POLICY account_identity ON agendum.account TO agendum_identity USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT ON agendum.account TO agendum_app")
    op.execute("GRANT SELECT, INSERT ON agendum.account TO agendum_identity")


def _create_password() -> None:
    op.create_table(
        "password",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_password"),
        _owned_by_account("password"),
        schema="agendum",
    )
    _protect("password")
    op.execute("CREATE POLICY password_identity ON agendum.password TO agendum_identity USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON agendum.password TO agendum_identity")


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("due_time", sa.Time),
        sa.Column("due_timezone", sa.Text),
        sa.Column("completed_at", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("deleted_at", _MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_task"),
        _owned_by_account("task"),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 500", name=op.f("ck_task_title_length")),
        sa.CheckConstraint("char_length(description) <= 10000", name=op.f("ck_task_description_length")),
        sa.CheckConstraint("priority IN ('none', 'low', 'medium', 'high', 'urgent')", name=op.f("ck_task_priority")),
        sa.CheckConstraint("due_date BETWEEN '1900-01-01' AND '9998-12-31'", name=op.f("ck_task_due_date_range")),
        sa.CheckConstraint("(due_time IS NULL) = (due_timezone IS NULL)", name=op.f("ck_task_due_time_with_timezone")),
        sa.CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name=op.f("ck_task_due_time_with_date")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_task_version_positive")),
        schema="agendum",
    )
    newest_first = ["user_id", sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("ix_task_user_id_created_at_id", "task", newest_first, schema="agendum", postgresql_where=sa.text("deleted_at IS NULL"))
    _protect("task")
    op.execute(f"CREATE POLICY task_owner ON agendum.task TO agendum_app USING ({_OWNER}) WITH CHECK ({_OWNER})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON agendum.task TO agendum_app")


def _create_change_counter() -> None:
    op.create_table(
        "change_counter",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_change_counter"),
        _owned_by_account("change_counter"),
        schema="agendum",
    )
    _protect("change_counter")
    op.execute(f"CREATE POLICY change_counter_owner ON agendum.change_counter TO agendum_app USING ({_OWNER}) WITH CHECK ({_OWNER})")
    op.execute("CREATE POLICY change_counter_identity ON agendum.change_counter FOR INSERT TO agendum_identity WITH CHECK (true)")
    op.execute("GRANT SELECT, UPDATE ON agendum.change_counter TO agendum_app")
    op.execute("GRANT INSERT ON agendum.change_counter TO agendum_identity")


def _create_change() -> None:
    op.create_table(
        "change",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("entity_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("before", postgresql.JSONB),
        sa.Column("after", postgresql.JSONB),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("occurred_at", _MOMENT, nullable=False),
        sa.Column("published_at", _MOMENT),
        sa.PrimaryKeyConstraint("user_id", "seq", name="pk_change"),
        sa.UniqueConstraint("user_id", "entity", "entity_id", "version", name="uq_change_user_id_entity_entity_id_version"),
        _owned_by_account("change"),
        sa.CheckConstraint("action IN ('created', 'updated', 'completed', 'reopened', 'deleted')", name=op.f("ck_change_action")),
        sa.CheckConstraint("source IN ('api', 'console', 'worker')", name=op.f("ck_change_source")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_change_seq_positive")),
        schema="agendum",
    )
    _protect("change")
    op.execute(f"CREATE POLICY change_owner ON agendum.change TO agendum_app USING ({_OWNER}) WITH CHECK ({_OWNER})")
    op.execute("GRANT SELECT, INSERT ON agendum.change TO agendum_app")
