"""A person's profile can be written by the person, and an account can be erased by a role that can do nothing else.

See specs/database/migrations/0011-portability.md.
"""

from alembic import op

from app.migrations.steps_v1 import OWNER, create_role, join_role

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ERASER = "agendum_eraser"
_PROFILE = "name, time_zone, language, week_start, own_fields, updated_at, version"
_TOMBSTONE = (
    "issuer, subject, email, email_folded, name, role, time_zone, language, week_start, own_fields, "
    "email_verified_at, disabled_at, tokens_valid_from, deleted_at, updated_at, version"
)
# Whatever has an owner, but for what stays of an account: the account itself and its change sequence.
_ERASED = """
    SELECT c.oid, c.relname, (
        SELECT string_agg(quote_ident(attname), ', ') FROM pg_constraint, pg_attribute
        WHERE conrelid = c.oid AND contype = 'p' AND attrelid = c.oid AND attnum = ANY (conkey)
    ) AS key
    FROM pg_class c WHERE c.relnamespace = 'agendum'::regnamespace AND c.relkind IN ('r', 'p')
    AND c.relname NOT IN ('account', 'change', 'alembic_version')
    AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'user_id' AND NOT attisdropped)
"""


def upgrade() -> None:
    op.execute(
        "CREATE POLICY account_profile ON agendum.account FOR UPDATE TO agendum_app "
        f"USING ({OWNER}) WITH CHECK ({OWNER})"
    )
    op.execute(f"GRANT UPDATE ({_PROFILE}) ON agendum.account TO agendum_app")
    create_role(_ERASER)
    join_role(_ERASER)
    op.execute(f"GRANT USAGE ON SCHEMA agendum TO {_ERASER}")
    _let_it_erase()
    for table in ("account", "change"):
        op.execute(
            f"CREATE POLICY {table}_eraser ON agendum.{table} TO {_ERASER} USING ({OWNER}) WITH CHECK ({OWNER})"
        )
    op.execute(
        f"GRANT SELECT (user_id, version, deleted_at), UPDATE ({_TOMBSTONE}) ON agendum.account TO {_ERASER}"
    )
    op.execute(
        "GRANT SELECT (user_id, seq, redacted_at), INSERT, UPDATE (before, after, request_id, redacted_at) "
        f"ON agendum.change TO {_ERASER}"
    )
    op.execute(f"GRANT SELECT (last_seq), UPDATE (last_seq) ON agendum.change_counter TO {_ERASER}")
    op.execute(f"GRANT SELECT (parent_id) ON agendum.task TO {_ERASER}")


def _let_it_erase() -> None:
    """Let the role delete the rows of the owner of the transaction, in every table that is there by now."""
    policy = f"TO {_ERASER} USING ({OWNER}) WITH CHECK ({OWNER})".replace("'", "''")
    op.execute(
        f"DO $$ DECLARE one record; BEGIN FOR one IN {_ERASED} LOOP "
        f"EXECUTE format('CREATE POLICY %I ON agendum.%I {policy}', one.relname || '_eraser', one.relname); "
        "EXECUTE format('GRANT DELETE, SELECT (user_id), SELECT (%s) "
        f"ON agendum.%I TO {_ERASER}', one.key, one.relname); "
        "END LOOP; END $$"
    )


def downgrade() -> None:
    op.execute(
        "DO $$ DECLARE one record; BEGIN FOR one IN SELECT polname, relname FROM pg_policy "
        "JOIN pg_class ON pg_class.oid = polrelid WHERE polname LIKE '%\\_eraser' "
        "AND relnamespace = 'agendum'::regnamespace "
        "LOOP EXECUTE format('DROP POLICY %I ON agendum.%I', one.polname, one.relname); END LOOP; END $$"
    )
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA agendum FROM {_ERASER}")
    op.execute(f"REVOKE ALL ON SCHEMA agendum FROM {_ERASER}")
    op.execute("DROP POLICY account_profile ON agendum.account")
    op.execute(f"REVOKE UPDATE ({_PROFILE}) ON agendum.account FROM agendum_app")
