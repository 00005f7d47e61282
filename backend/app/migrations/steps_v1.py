"""Roles, walls and columns as the first migrations make them.

Frozen: a change of theirs is another version of this module.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

# Spec: features/isolation.md#ISO-002 features/isolation.md#ISO-006
OWNER = "user_id = (SELECT nullif(current_setting('app.user_id', true), ''))"
MOMENT = sa.DateTime(timezone=True)
KEY_TEXT = sa.Text(collation="C")
LIVING = sa.text("deleted_at IS NULL")
SCHEMA = "agendum"


def create_role(role: str) -> None:
    """Make a role without any power, and refuse one of that name that has some.

    Roles belong to the whole server, so that another database may have made them, even at this moment.
    """
    op.execute(
        f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    op.execute(
        f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}' "
        "AND (rolsuper OR rolbypassrls OR rolcanlogin)) THEN "
        f"RAISE EXCEPTION 'the role {role} is there already, and may log in, bypass row-level security or do anything: "
        f"take that from it, with ALTER ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS'; END IF; END $$"
    )


def join_role(role: str) -> None:
    """Let the login that migrates become a role, unless it can already.

    From PostgreSQL 16 on, whoever makes a role is a member that may grant it and not take it.
    """
    op.execute(
        f"DO $$ BEGIN IF NOT pg_has_role(current_user, '{role}', "
        "CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) "
        f"THEN GRANT {role} TO current_user; END IF; END $$"
    )


def join_role_without_its_sight(role: str) -> None:
    """Let the login that migrates become a role, without the role's rights before it does.

    Before PostgreSQL 16 that cannot be said.
    """
    op.execute(
        "DO $$ DECLARE can_tell boolean := current_setting('server_version_num')::int >= 160000; "
        f"BEGIN IF NOT pg_has_role(current_user, '{role}', CASE WHEN can_tell THEN 'SET' ELSE 'MEMBER' END) THEN "
        f"EXECUTE 'GRANT {role} TO current_user' "
        "|| CASE WHEN can_tell THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END; END IF; END $$"
    )


def leave_role(role: str) -> None:
    """Give back the membership that the login that migrates has given itself."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_auth_members WHERE roleid = '"
        f"{role}'::regrole AND member = current_user::regrole AND grantor = current_user::regrole) "
        f"THEN REVOKE {role} FROM current_user; END IF; END $$"
    )


def wall(table: str) -> None:
    """Turn on row-level security for everybody, the owner of the table included."""
    op.execute(f"ALTER TABLE agendum.{table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE agendum.{table} FORCE ROW LEVEL SECURITY")


def give_to_owners(table: str, *, privileges: str, schema: str = SCHEMA) -> None:
    """Let the runtime role use the rows of the owner of the transaction."""
    op.execute(
        f"CREATE POLICY {table}_owner ON {schema}.{table} TO agendum_app USING ({OWNER}) WITH CHECK ({OWNER})"
    )
    op.execute(f"GRANT {privileges} ON {schema}.{table} TO agendum_app")


def show_the_worker_what_is_deleted(table: str) -> None:
    """Let the housekeeping role see whose rows are in the trash since when."""
    op.execute(
        f"CREATE POLICY {table}_worker ON {SCHEMA}.{table} FOR SELECT TO agendum_worker USING (deleted_at IS NOT NULL)"
    )
    op.execute(f"GRANT SELECT (user_id, deleted_at) ON {SCHEMA}.{table} TO agendum_worker")
    columns, deleted = ["user_id", "deleted_at", "id"], sa.text("deleted_at IS NOT NULL")
    name = f"ix_{table}_user_id_deleted_at_id"
    op.create_index(name, table, columns, schema=SCHEMA, postgresql_where=deleted)


def owned_by_account(table: str) -> sa.ForeignKeyConstraint:
    """Return the foreign key to the account that owns a row."""
    return sa.ForeignKeyConstraint(
        ["user_id"], ["agendum.account.user_id"], name=f"fk_{table}_user_id_account"
    )


def reference(
    table: str, column: str, referred: str, *, schema: str = SCHEMA, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    """Return a foreign key to a row of the same owner."""
    return sa.ForeignKeyConstraint(
        ["user_id", column],
        [f"{schema}.{referred}.user_id", f"{schema}.{referred}.id"],
        name=f"fk_{table}_user_id_{column}_{referred}",
        ondelete=ondelete,
    )


def check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    """Return a rule of a table."""
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def identity(
    table: str,
) -> tuple[sa.Column[str], sa.Column[object], sa.PrimaryKeyConstraint, sa.ForeignKeyConstraint]:
    """Return owner, id, and their keys."""
    return (
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "id", name=f"pk_{table}"),
        owned_by_account(table),
    )


def history(table: str) -> tuple[sa.Column[object] | sa.CheckConstraint, ...]:
    """Return when a row was made, changed and deleted, and its version."""
    return (
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        check(table, "version_positive", "version >= 1"),
    )


def task_columns() -> tuple[sa.Column[Any], ...]:
    """Return the columns of a task, as 0001 makes them."""
    return (
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("due_date", sa.Date),
        sa.Column("due_time", sa.Time),
        sa.Column("due_timezone", sa.Text),
        sa.Column("completed_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("deleted_at", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
    )


def task_rules() -> tuple[sa.Constraint, ...]:
    """Return the constraints of a task, as 0001 makes them."""
    return (
        sa.PrimaryKeyConstraint("user_id", "id", name="pk_task"),
        owned_by_account("task"),
        check("task", "title_length", "char_length(title) BETWEEN 1 AND 500"),
        check("task", "description_length", "char_length(description) <= 10000"),
        check("task", "priority", "priority IN ('none', 'low', 'medium', 'high', 'urgent')"),
        check("task", "due_date_range", "due_date BETWEEN '1900-01-01' AND '9998-12-31'"),
        check("task", "due_time_with_timezone", "(due_time IS NULL) = (due_timezone IS NULL)"),
        check("task", "due_time_with_date", "due_time IS NULL OR due_date IS NOT NULL"),
        check("task", "version_positive", "version >= 1"),
    )
