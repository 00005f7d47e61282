"""Changes say which change they undo, and when their texts were emptied.

See specs/database/migrations/0003-exact-undo-and-redaction.md.
"""

from alembic import op

from app.migrations.online import add_constraint, execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RULE = "CHECK (reverts IS NULL OR (action = 'reverted' AND reverts < seq))"


def upgrade() -> None:
    execute(
        "ALTER TABLE agendum.change ADD COLUMN IF NOT EXISTS reverts bigint, ADD COLUMN IF NOT EXISTS redacted_at timestamp with time zone"
    )
    add_constraint("change", "ck_change_reverts", _RULE)
    op.execute("GRANT UPDATE (before, after, redacted_at) ON agendum.change TO agendum_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (before, after, redacted_at) ON agendum.change FROM agendum_app")
    op.drop_column("change", "redacted_at", schema="agendum")
    op.drop_column("change", "reverts", schema="agendum")
