"""Foundation: roles, accounts, passwords, tasks, counters and changes, with their policies and grants.

See specs/database/migrations/0001-foundation.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.steps_v1 import (
    MOMENT,
    OWNER,
    create_role,
    give_to_owners,
    join_role,
    owned_by_account,
    task_columns,
    task_rules,
    wall,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ROLES = ("agendum_app", "agendum_identity")


def upgrade() -> None:
    for role in _ROLES:
        create_role(role)
        join_role(role)
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


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
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
    _protect_account()


def _protect_account() -> None:
    wall("account")
    op.execute(f"CREATE POLICY account_owner ON agendum.account FOR SELECT TO agendum_app USING ({OWNER})")
    op.execute(
        "CREATE POLICY account_identity ON agendum.account TO agendum_identity USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT ON agendum.account TO agendum_app")
    op.execute("GRANT SELECT, INSERT ON agendum.account TO agendum_identity")


def _create_password() -> None:
    op.create_table(
        "password",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_password"),
        owned_by_account("password"),
        schema="agendum",
    )
    wall("password")
    op.execute(
        "CREATE POLICY password_identity ON agendum.password TO agendum_identity USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT, INSERT ON agendum.password TO agendum_identity")


def _create_task() -> None:
    op.create_table("task", *task_columns(), *task_rules(), schema="agendum")
    newest = "(user_id, created_at DESC, id DESC) WHERE deleted_at IS NULL"
    op.execute(f"CREATE INDEX ix_task_user_id_created_at_id ON agendum.task {newest}")
    wall("task")
    give_to_owners("task", privileges="SELECT, INSERT, UPDATE")


def _create_change_counter() -> None:
    op.create_table(
        "change_counter",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_change_counter"),
        owned_by_account("change_counter"),
        schema="agendum",
    )
    wall("change_counter")
    give_to_owners("change_counter", privileges="SELECT, UPDATE")
    op.execute(
        "CREATE POLICY change_counter_identity ON agendum.change_counter "
        "FOR INSERT TO agendum_identity WITH CHECK (true)"
    )
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
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT),
        *_change_rules(),
        schema="agendum",
    )
    wall("change")
    give_to_owners("change", privileges="SELECT, INSERT")


def _change_rules() -> tuple[sa.Constraint, ...]:
    return (
        sa.PrimaryKeyConstraint("user_id", "seq", name="pk_change"),
        sa.UniqueConstraint(
            "user_id", "entity", "entity_id", "version", name="uq_change_user_id_entity_entity_id_version"
        ),
        owned_by_account("change"),
        sa.CheckConstraint(
            "action IN ('created', 'updated', 'completed', 'reopened', 'deleted')",
            name=op.f("ck_change_action"),
        ),
        sa.CheckConstraint("source IN ('api', 'console', 'worker')", name=op.f("ck_change_source")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_change_seq_positive")),
    )
