"""Sessions: who has logged in from where, and which refresh token of each session is the current one.

See specs/database/migrations/0007-sessions.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.steps_v1 import MOMENT, OWNER, check, identity, wall

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SHOWN = "user_id, id, created_at, last_seen_at, expires_at, device, address"
_ROTATED = "generation, rotations, last_seen_at, expires_at, device, address"


def upgrade() -> None:
    op.create_table(
        "session",
        *identity("session"),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("rotations", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("device", sa.Text),
        sa.Column("address", sa.Text),
        check("session", "seed_length", "octet_length(seed) = 32"),
        check("session", "generation_positive", "generation >= 1"),
        check("session", "device_length", "char_length(device) <= 200"),
        check("session", "address_length", "char_length(address) <= 64"),
        schema="agendum",
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"], schema="agendum")
    wall("session")
    _give_to_owners()
    _give_to_identity()
    op.execute("CREATE POLICY session_worker ON agendum.session FOR SELECT TO agendum_worker USING (true)")
    op.execute("GRANT SELECT (user_id, expires_at) ON agendum.session TO agendum_worker")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (tokens_valid_from) ON agendum.account FROM agendum_identity")
    op.execute("REVOKE UPDATE (password_hash, updated_at) ON agendum.password FROM agendum_identity")
    op.drop_table("session", schema="agendum")


def _give_to_owners() -> None:
    """Let people see their sessions, but not what tokens are derived from, and end and remove them."""
    op.execute(
        f"CREATE POLICY session_owner ON agendum.session TO agendum_app USING ({OWNER}) WITH CHECK ({OWNER})"
    )
    op.execute(f"GRANT SELECT ({_SHOWN}), UPDATE (expires_at), DELETE ON agendum.session TO agendum_app")


def _give_to_identity() -> None:
    """Let whoever knows people begin, rotate and end their sessions, and change what lets them in."""
    op.execute(
        "CREATE POLICY session_identity ON agendum.session TO agendum_identity USING (true) WITH CHECK (true)"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ({_ROTATED}) ON agendum.session TO agendum_identity")
    op.execute("GRANT UPDATE (tokens_valid_from) ON agendum.account TO agendum_identity")
    op.execute("GRANT UPDATE (password_hash, updated_at) ON agendum.password TO agendum_identity")
