"""Steps of a migration that run beside the release that serves, each in a short transaction of its own.

A step that loses a lock is tried again. What was committed stays when a migration is interrupted, and the next start
begins the migration anew: a step must find out what is there already.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from app.database import migrate

Result = TypeVar("Result")
Key: TypeAlias = tuple[object, ...]

_SCHEMA = "agendum"
_IS_INVALID = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
_WITHOUT_TIME_LIMIT = "SET LOCAL statement_timeout = 0"


def step(act: Callable[[], Result]) -> Result:
    """Commit what the migration has done so far, run a step, and commit it.

    A step that loses a lock is rolled back and tried again. It should take locks of one table that is in use, and take
    them first: whoever comes after it waits for as long as it does.

    Raises:
        StuckError: It lost every time.
    """
    # Spec: features/operations.md#OPS-040 features/operations.md#OPS-041
    _commit()
    return _run(act)


def execute(*statements: str) -> None:
    """Run statements as one step."""

    def run() -> None:
        for statement in statements:
            op.execute(statement)

    step(run)


def in_batches(batch: Callable[[Key | None], Key | None]) -> None:
    """Run a batch over and over, each time as a step of its own; nothing is run offline.

    Args:
        batch: Handles a few hundred rows behind a key (None at first), in the order of the key, and returns the key of
            the last one, or None when there was none.
    """
    # Spec: features/operations.md#OPS-040
    if op.get_context().as_sql:
        return
    after: Key | None = None
    _commit()
    while (after := _run(partial(batch, after))) is not None:
        continue


@contextmanager
def past_the_walls(table: str) -> Iterator[None]:
    """Let the login that migrates see and write all rows of a table until the block ends.

    Row-level security holds for the owner of the table as well. A policy for this login alone opens it, so that nobody
    else is let past. A policy that a failure leaves is removed by the next start, which continues the migration.
    """
    step(partial(_open_wall, table))
    yield
    step(partial(_close_wall, table))


def create_index(name: str, table: str, columns: Sequence[str | sa.TextClause], **options: Any) -> None:
    """Create an index while rows are written; what an interruption has left of it is replaced.

    It waits for all transactions that are older than it, however long they take, and nobody waits for it.

    Args:
        name: The name of the index.
        table: The table, in our schema.
        columns: Columns, or expressions as `sa.text`.
        options: As `op.create_index` takes them: `unique`, `postgresql_where`, `postgresql_using`,
            `postgresql_include`.

    Raises:
        StuckError: It lost a lock every time.
    """
    # Spec: features/operations.md#OPS-040
    build = partial(op.create_index, name, table, columns, schema=_SCHEMA, if_not_exists=True, **options)
    _patiently(partial(_build, name, partial(build, postgresql_concurrently=True)))


def drop_index(name: str) -> None:
    """Drop an index, if it is there, while rows are read and written."""
    _patiently(partial(_alone, f"DROP INDEX CONCURRENTLY IF EXISTS {_SCHEMA}.{name}"))


def add_constraint(table: str, name: str, rule: str) -> None:
    """Add a constraint, or put it in the place of one of that name.

    It holds first for what is written from now on, then for the rows that are there.

    Args:
        table: The table, in our schema.
        name: The name of the constraint.
        rule: `CHECK (...)` or `FOREIGN KEY ... REFERENCES ...`.
    """
    # Spec: features/operations.md#OPS-040
    _replace_constraint(table, name, f"{rule} NOT VALID")
    execute(_WITHOUT_TIME_LIMIT, f"ALTER TABLE {_SCHEMA}.{table} VALIDATE CONSTRAINT {name}")


def require(table: str, column: str) -> None:
    """Set a column NOT NULL without reading any row under the lock.

    A constraint that was validated before proves that no row has null there.
    """
    # Spec: features/operations.md#OPS-040
    rule = f"ck_{table}_{column}_is_there"
    add_constraint(table, rule, f"CHECK ({column} IS NOT NULL)")
    execute(
        f"ALTER TABLE {_SCHEMA}.{table} ALTER COLUMN {column} SET NOT NULL",
        f"-- squawk-ignore ban-drop-constraint\nALTER TABLE {_SCHEMA}.{table} DROP CONSTRAINT {rule}",
    )


def is_there(name: str) -> bool:
    """Tell whether a table or an index is there, so that its step has been done before an interruption.

    Offline nothing is looked up, and nothing is there.
    """
    # Spec: features/operations.md#OPS-042
    return (
        not op.get_context().as_sql
        and op.get_bind().scalar(_asking("to_regclass(:name) IS NOT NULL", name=name)) is True
    )


def _asking(expression: str, **values: object) -> sa.TextClause:
    return sa.text(f"SELECT {expression}").bindparams(**values)


def _replace_constraint(table: str, name: str, rule: str) -> None:
    execute(
        "-- squawk-ignore ban-drop-constraint\n"
        f"ALTER TABLE {_SCHEMA}.{table} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} {rule}"
    )


def _open_wall(table: str) -> None:
    _close_wall(table)
    op.execute(
        f"CREATE POLICY {table}_migration ON {_SCHEMA}.{table} TO CURRENT_USER USING (true) WITH CHECK (true)"
    )


def _close_wall(table: str) -> None:
    """Drop the policy if it is there.

    Where it is not, as on a table that has been replaced, no lock is taken and nobody waits.
    """
    names = {"schema": _SCHEMA, "policy": f"{table}_migration"}
    query = sa.text("SELECT count(*) FROM pg_policies WHERE schemaname = :schema AND policyname = :policy")
    if op.get_context().as_sql or op.get_bind().scalar(query, names):
        op.execute(f"DROP POLICY IF EXISTS {table}_migration ON {_SCHEMA}.{table}")


def _build(name: str, build: Callable[[], object]) -> None:
    names = {"name": f"{_SCHEMA}.{name}"}
    if not op.get_context().as_sql and op.get_bind().scalar(sa.text(_IS_INVALID), names):
        _alone(f"DROP INDEX CONCURRENTLY IF EXISTS {_SCHEMA}.{name}")
    with op.get_context().autocommit_block():
        build()


def _alone(statement: str) -> None:
    with op.get_context().autocommit_block():
        op.execute(statement)


def _commit() -> None:
    """Commit what Alembic's transaction holds, and let it begin the next."""
    with op.get_context().autocommit_block():
        pass


def _run(act: Callable[[], Result]) -> Result:
    result = _patiently(partial(_in_savepoint, act))
    _commit()
    return result


def _in_savepoint(act: Callable[[], Result]) -> Result:
    if op.get_context().as_sql:
        return act()
    with op.get_bind().begin_nested():
        return act()


def _patiently(act: Callable[[], Result]) -> Result:
    """Run an act, and run it again as long as it loses a lock, a few times.

    Raises:
        StuckError: It lost every time.
    """
    for pause in (0.0, *migrate.PAUSES):
        time.sleep(pause)
        try:
            return act()
        except DBAPIError as failure:
            if not migrate.lost_a_lock(failure):
                raise
    raise migrate.StuckError
