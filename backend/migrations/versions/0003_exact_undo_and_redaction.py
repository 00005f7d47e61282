"""Changes say which change they undo, and when their texts were emptied.

See specs/database/migrations/0003-exact-undo-and-redaction.md.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RULE = "CHECK (reverts IS NULL OR (action = 'reverted' AND reverts < seq))"


def upgrade() -> None:
    op.add_column("change", sa.Column("reverts", sa.BigInteger, nullable=True), schema="agendum")
    op.add_column("change", sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True), schema="agendum")
    op.execute(f"ALTER TABLE agendum.change ADD CONSTRAINT ck_change_reverts {_RULE} NOT VALID")
    op.execute("ALTER TABLE agendum.change VALIDATE CONSTRAINT ck_change_reverts")
    op.execute("GRANT UPDATE (before, after, redacted_at) ON agendum.change TO agendum_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (before, after, redacted_at) ON agendum.change FROM agendum_app")
    op.drop_column("change", "redacted_at", schema="agendum")
    op.drop_column("change", "reverts", schema="agendum")
