"""Fold e-mails: our own people's addresses without regard to letter case, by a rule of ours and not the database's.

See specs/database/migrations/0004-fold-emails.md.
"""

import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

from app.migrations.online import Key, create_index, execute, in_batches, past_the_walls

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOST_TOLD = 5
_SOME_ACCOUNTS = """
    SELECT user_id, email FROM agendum.account
    WHERE issuer = 'agendum' AND email IS NOT NULL AND user_id > :after ORDER BY user_id LIMIT 500
"""
_FILL = """
    UPDATE agendum.account SET email_folded = filling.folded
    FROM unnest(CAST(:users AS text[]), CAST(:folded AS text[])) AS filling (user_id, folded)
    WHERE account.user_id = filling.user_id
"""
_OF_SEVERAL = """
    SELECT string_agg(user_id, ' and ' ORDER BY user_id) FROM agendum.account
    WHERE issuer = 'agendum' AND email_folded IS NOT NULL GROUP BY email_folded HAVING count(*) > 1 ORDER BY 1
"""


def upgrade() -> None:
    execute("ALTER TABLE agendum.account ADD COLUMN IF NOT EXISTS email_folded text")
    # Offline nothing can be looked at; a row without a folded e-mail is served as one of the release before.
    with past_the_walls("account"):
        in_batches(_fold_some)
        several = _of_several()
    if several:
        raise CommandError(_what_to_do(several))
    ours = sa.text("issuer = 'agendum'")
    create_index("ux_account_email_folded", "account", ["email_folded"], unique=True, postgresql_where=ours)


def downgrade() -> None:
    op.drop_index("ux_account_email_folded", "account", schema="agendum")
    op.drop_column("account", "email_folded", schema="agendum")


def _fold_some(after: Key | None) -> Key | None:
    """Fold the e-mails of the next accounts, and return the last one's id, or None when there are none."""
    accounts = op.get_bind().execute(sa.text(_SOME_ACCOUNTS), {"after": after[0] if after else ""}).all()
    users, folded = [row.user_id for row in accounts], [_folded(row.email) for row in accounts]
    op.get_bind().execute(sa.text(_FILL), {"users": users, "folded": folded})
    return (users[-1],) if users else None


def _of_several() -> Sequence[str]:
    """Return which accounts have one folded e-mail between them."""
    return [] if op.get_context().as_sql else op.get_bind().scalars(sa.text(_OF_SEVERAL)).all()


def _what_to_do(several: Sequence[str]) -> str:
    told = "; ".join(several[:_MOST_TOLD]) + ("; and others" if len(several) > _MOST_TOLD else "")
    return (
        "some accounts have one e-mail between them, now that letter case and ways of writing a letter are "
        f"looked at in the same way everywhere: {told}. Give all but one of them another e-mail, with UPDATE "
        "agendum.account SET email = '...' WHERE user_id = '...', and start again"
    )


def _folded(email: str) -> str:
    """Fold an e-mail by the rule of this release, which stays here as it is."""
    lowered = "".join(map(_lower, unicodedata.normalize("NFC", email)))
    return unicodedata.normalize("NFC", lowered)


def _lower(character: str) -> str:
    return lowered if len(lowered := character.lower()) == 1 else character
