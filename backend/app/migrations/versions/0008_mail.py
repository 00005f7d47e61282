"""Mail that is to leave, the tokens that it carries, and invitations.

See specs/database/migrations/0008-mail.md.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migrations.steps_v1 import MOMENT, check, give_to_owners, identity, owned_by_account, wall

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PURPOSES = "purpose IN ('password_reset', 'verify_email', 'change_email')"
# What is changed of a person by a token that came by mail.
_PROVED = "email, email_folded, email_verified_at, own_fields, updated_at, version"


def upgrade() -> None:
    _create_mail()
    _create_mailed_token()
    _create_invitation()
    op.execute(f"GRANT UPDATE ({_PROVED}) ON agendum.account TO agendum_identity")


def downgrade() -> None:
    op.execute(f"REVOKE UPDATE ({_PROVED}) ON agendum.account FROM agendum_identity")
    for table in ("invitation", "mailed_token", "mail"):
        op.drop_table(table, schema="agendum")


def _create_mail() -> None:
    op.create_table(
        "mail",
        *identity("mail"),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("parameters", postgresql.JSONB, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("sent_at", MOMENT),
        sa.Column("failure", sa.Text),
        check("mail", "address_length", "char_length(address) BETWEEN 1 AND 2048"),
        check("mail", "attempts_counted", "attempts >= 0"),
        schema="agendum",
    )
    waiting = sa.text("next_attempt_at IS NOT NULL")
    op.create_index(
        "ix_mail_next_attempt_at", "mail", ["next_attempt_at"], schema="agendum", postgresql_where=waiting
    )
    wall("mail")
    changed = "UPDATE (next_attempt_at, attempts, sent_at, failure)"
    give_to_owners("mail", privileges=f"SELECT, DELETE, {changed}")
    op.execute("CREATE POLICY mail_identity ON agendum.mail FOR INSERT TO agendum_identity WITH CHECK (true)")
    op.execute("GRANT INSERT ON agendum.mail TO agendum_identity")
    _show_the_worker("mail", columns="user_id, id, created_at, next_attempt_at")


def _create_mailed_token() -> None:
    op.create_table(
        "mailed_token",
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.PrimaryKeyConstraint("user_id", "purpose", name="pk_mailed_token"),
        owned_by_account("mailed_token"),
        check("mailed_token", "purpose", _PURPOSES),
        schema="agendum",
    )
    op.create_index("ux_mailed_token_id", "mailed_token", ["id"], unique=True, schema="agendum")
    wall("mailed_token")
    give_to_owners("mailed_token", privileges="SELECT, DELETE, UPDATE (expires_at)")
    _open_to_identity("mailed_token", privileges="SELECT, INSERT, UPDATE")
    _show_the_worker("mailed_token", columns="user_id, created_at")


def _create_invitation() -> None:
    op.create_table(
        "invitation",
        *identity("invitation"),
        sa.Column("email", sa.Text),
        sa.Column("email_folded", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        schema="agendum",
    )
    op.create_index("ux_invitation_id", "invitation", ["id"], unique=True, schema="agendum")
    wall("invitation")
    give_to_owners("invitation", privileges="SELECT, DELETE")
    _open_to_identity("invitation", privileges="SELECT, INSERT, UPDATE (used_at)")
    _show_the_worker("invitation", columns="user_id, created_at")


def _open_to_identity(table: str, *, privileges: str) -> None:
    """Let the role that works before anybody is known find what somebody brings."""
    op.execute(
        f"CREATE POLICY {table}_identity ON agendum.{table} TO agendum_identity USING (true) WITH CHECK (true)"
    )
    op.execute(f"GRANT {privileges} ON agendum.{table} TO agendum_identity")


def _show_the_worker(table: str, *, columns: str) -> None:
    """Let the housekeeping role see whose rows are due or old."""
    op.execute(f"CREATE POLICY {table}_worker ON agendum.{table} FOR SELECT TO agendum_worker USING (true)")
    op.execute(f"GRANT SELECT ({columns}) ON agendum.{table} TO agendum_worker")
    op.create_index(f"ix_{table}_created_at", table, ["created_at"], schema="agendum")
