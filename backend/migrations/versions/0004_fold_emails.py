"""Fold e-mails: our own people's addresses without regard to letter case, by one rule of ours instead of the database's.

See specs/database/migrations/0004-fold-emails.md.
"""

import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOST_TOLD = 5
_SOME_ACCOUNTS = """
    SELECT user_id, email FROM agendum.account
    WHERE issuer = 'agendum' AND email IS NOT NULL AND user_id > :after ORDER BY user_id LIMIT 1000
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
    op.add_column("account", sa.Column("email_folded", sa.Text), schema="agendum")
    # Offline nothing can be looked at; a row without a folded e-mail is served as one of the release before.
    if not context.is_offline_mode():
        _fill()
    op.create_index(
        "ux_account_email_folded",
        "account",
        ["email_folded"],
        unique=True,
        schema="agendum",
        postgresql_where=sa.text("issuer = 'agendum'"),
    )


def downgrade() -> None:
    op.drop_index("ux_account_email_folded", "account", schema="agendum")
    op.drop_column("account", "email_folded", schema="agendum")


def _fill() -> None:
    """Fold the e-mails that are there; the owner of the table is let past its walls for that."""
    after: str | None = ""
    op.execute("ALTER TABLE agendum.account NO FORCE ROW LEVEL SECURITY")
    while after is not None:
        after = _fold_some(after)
    several = op.get_bind().scalars(sa.text(_OF_SEVERAL)).all()
    op.execute("ALTER TABLE agendum.account FORCE ROW LEVEL SECURITY")
    if several:
        raise CommandError(_what_to_do(several))


def _fold_some(after: str) -> str | None:
    """Fold the e-mails of the next accounts, and return the last one's id, or None when there are none."""
    accounts = op.get_bind().execute(sa.text(_SOME_ACCOUNTS), {"after": after}).all()
    users, folded = [row.user_id for row in accounts], [_folded(row.email) for row in accounts]
    op.get_bind().execute(sa.text(_FILL), {"users": users, "folded": folded})
    return users[-1] if users else None


def _what_to_do(several: Sequence[str]) -> str:
    told = "; ".join(several[:_MOST_TOLD]) + ("; and others" if len(several) > _MOST_TOLD else "")
    return (
        "some accounts have one e-mail between them, now that letter case and ways of writing a letter are looked at in the same way "
        f"everywhere: {told}. Give all but one of them another e-mail, with UPDATE agendum.account SET email = '...' "
        "WHERE user_id = '...', and start again"
    )


def _folded(email: str) -> str:
    """Fold an e-mail by the rule of this release, which stays here as it is."""
    lowered = "".join(map(_lower, unicodedata.normalize("NFC", email)))
    return unicodedata.normalize("NFC", lowered)


def _lower(character: str) -> str:
    return lowered if len(lowered := character.lower()) == 1 else character
