"""Administration: a role that sees who people are, and nothing of theirs, and what is recorded of its acts.

See specs/database/migrations/0010-administration.md.
"""

from alembic import op

from app.migrations.online import create_index, execute
from app.migrations.steps_v1 import create_role, join_role_without_its_sight

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ROLE = "agendum_admin"
_INDEX = "ix_account_created_at_user_id"
_SEEN = (
    "user_id, issuer, email, name, created_at, updated_at, kind, role, email_verified_at, disabled_at, "
    "tokens_valid_from, deleted_at, version"
)
_CHANGED = "updated_at, role, disabled_at, tokens_valid_from, version"
_RECORDED = (
    "user_id, seq, id, entity, entity_id, version, action, before, after, actor, source, request_id, occurred_at, "
    "reverts"
)
_PEOPLE, _ITS_OWN = "kind = 'person' AND deleted_at IS NULL", "user_id = 'administration'"
# What the role may do with each table, and with which of its rows.
_RIGHTS = {
    "account": (f"SELECT ({_SEEN}), UPDATE ({_CHANGED})", _PEOPLE),
    "change_counter": ("SELECT, UPDATE (last_seq)", _ITS_OWN),
    "change": (f"SELECT, INSERT ({_RECORDED})", _ITS_OWN),
    "idempotency_key": ("SELECT, INSERT, UPDATE", _ITS_OWN),
}


def upgrade() -> None:
    create_role(_ROLE)
    join_role_without_its_sight(_ROLE)
    op.execute(f"GRANT USAGE ON SCHEMA agendum TO {_ROLE}")
    for table, (privileges, rows) in _RIGHTS.items():
        execute(
            f"DROP POLICY IF EXISTS {table}_admin ON agendum.{table}",
            f"CREATE POLICY {table}_admin ON agendum.{table} TO {_ROLE} USING ({rows}) WITH CHECK ({rows})",
            f"GRANT {privileges} ON agendum.{table} TO {_ROLE}",
        )
    create_index(_INDEX, "account", ["created_at", "user_id"])


def downgrade() -> None:
    op.drop_index(_INDEX, "account", schema="agendum")
    for table in _RIGHTS:
        op.execute(f"DROP POLICY {table}_admin ON agendum.{table}")
        # A role that is kept may keep no privilege on what is kept as well.
        op.execute(f"REVOKE ALL ON agendum.{table} FROM {_ROLE}")
    op.execute(f"REVOKE USAGE ON SCHEMA agendum FROM {_ROLE}")
