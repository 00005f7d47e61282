"""Personal tokens: credentials that people make for programs, found by their digests.

See specs/database/migrations/0009-personal-tokens.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.steps_v1 import (
    MOMENT,
    OWNER,
    check,
    history,
    identity,
    show_the_worker_what_is_deleted,
    wall,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_READ = "user_id, id, name, scopes, expires_at, last_used_at, created_at, updated_at, deleted_at, version"
_CHANGED = "name, updated_at, deleted_at, version"
_RECOGNISED = "user_id, id, scopes, digest, expires_at, last_used_at, deleted_at"


def upgrade() -> None:
    _create_table()
    wall("personal_token")
    show_the_worker_what_is_deleted("personal_token")
    _let_in()


def downgrade() -> None:
    op.drop_table("personal_token", schema="agendum")


def _create_table() -> None:
    op.create_table(
        "personal_token",
        *identity("personal_token"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("digest", postgresql.BYTEA, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        *history("personal_token"),
        check("personal_token", "name_length", "char_length(name) BETWEEN 1 AND 200"),
        check("personal_token", "scopes_some", "cardinality(scopes) >= 1"),
        check("personal_token", "digest_length", "octet_length(digest) = 32"),
        schema="agendum",
    )
    op.create_index("ux_personal_token_digest", "personal_token", ["digest"], unique=True, schema="agendum")


def _let_in() -> None:
    op.execute(
        "CREATE POLICY personal_token_owner ON agendum.personal_token TO agendum_app "
        f"USING ({OWNER}) WITH CHECK ({OWNER})"
    )
    op.execute(
        "CREATE POLICY personal_token_identity ON agendum.personal_token TO agendum_identity "
        "USING (true) WITH CHECK (true)"
    )
    # Nobody but the identity role reads a digest, and nobody changes one.
    op.execute(
        f"GRANT SELECT ({_READ}), INSERT, UPDATE ({_CHANGED}), DELETE ON agendum.personal_token TO agendum_app"
    )
    op.execute(
        f"GRANT SELECT ({_RECOGNISED}), UPDATE (last_used_at) ON agendum.personal_token TO agendum_identity"
    )
