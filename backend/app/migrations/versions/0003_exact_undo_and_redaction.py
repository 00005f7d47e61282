"""Changes say which change they undo, and when their texts were emptied; those of what is purged already are emptied.

See specs/database/migrations/0003-exact-undo-and-redaction.md.
"""

import sqlalchemy as sa
from alembic import op

from app.migrations.online import Key, add_constraint, execute, in_batches, past_the_walls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_RULE = "CHECK (reverts IS NULL OR (action = 'reverted' AND reverts < seq))"
_TEXTS = ("title", "description", "name", "body", "query")
_SOME_PURGES = """
    SELECT user_id, seq FROM agendum.change
    WHERE action = 'purged' AND (user_id, seq) > (:user_id, :seq) ORDER BY user_id, seq LIMIT 200
"""


def _emptied(column: str) -> str:
    """Return a document with an empty value of the same type for each text that it has."""
    values = ", ".join(
        f"'{name}', CASE jsonb_typeof({column} -> '{name}') "
        "WHEN 'string' THEN '\"\"' WHEN 'object' THEN '{}' END::jsonb"
        for name in _TEXTS
    )
    return f"{column} || jsonb_strip_nulls(jsonb_build_object({values}))"


_EMPTY = f"""
    UPDATE agendum.change
    SET before = {_emptied("change.before")}, after = {_emptied("change.after")}, redacted_at = purge.occurred_at
    FROM unnest(CAST(:users AS text[]), CAST(:numbers AS bigint[])) AS one (user_id, seq)
    JOIN agendum.change AS purge USING (user_id, seq)
    WHERE change.user_id = purge.user_id AND change.entity = purge.entity AND change.entity_id = purge.entity_id
        AND change.redacted_at IS NULL
        AND (change.before ?| CAST(:texts AS text[]) OR change.after ?| CAST(:texts AS text[]))
"""


def upgrade() -> None:
    execute(
        "ALTER TABLE agendum.change ADD COLUMN IF NOT EXISTS reverts bigint, "
        "ADD COLUMN IF NOT EXISTS redacted_at timestamp with time zone"
    )
    add_constraint("change", "ck_change_reverts", _RULE)
    with past_the_walls("change"):
        in_batches(_empty_some)
    op.execute("GRANT UPDATE (before, after, redacted_at) ON agendum.change TO agendum_app")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (before, after, redacted_at) ON agendum.change FROM agendum_app")
    op.drop_column("change", "redacted_at", schema="agendum")
    op.drop_column("change", "reverts", schema="agendum")


def _empty_some(after: Key | None) -> Key | None:
    """Empty the texts in the earlier changes of what the next purges removed, and return the key of the last purge."""
    user_id, seq = after or ("", 0)
    purges = op.get_bind().execute(sa.text(_SOME_PURGES), {"user_id": user_id, "seq": seq}).all()
    values = {
        "users": [row.user_id for row in purges],
        "numbers": [row.seq for row in purges],
        "texts": list(_TEXTS),
    }
    op.get_bind().execute(sa.text(_EMPTY), values)
    return (purges[-1].user_id, purges[-1].seq) if purges else None
