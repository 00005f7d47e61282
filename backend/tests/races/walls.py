"""Takes the two walls of isolation down, one at a time: the filter of the repositories, and row-level security.

It changes nothing for good: what it takes down stands again after the test.
"""

import copy
import re
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from app.database.connection import Session
from app.database.statements import Statement
from tests.world import leave_role

# Conditions on the owner; what is left asks nothing, and keeps the parameter so that the driver still finds a place for
# it.
_ANY_FILTER = re.compile(r"(?:\w+\.)+user_id = (\$\d+)(?:::VARCHAR)?")
_FILTER_OF_ROWS = re.compile(
    r"(?<![\w.])(?!(?:\w+\.)*change_counter\.)(?:\w+\.)+user_id = (\$\d+)(?:::VARCHAR)?"
)
_RUNNERS = ("fetch", "fetch_row", "fetch_many")


def take_filters_down(monkeypatch: pytest.MonkeyPatch, *, also_of_counters: bool = True) -> set[str]:
    """Remove the owner from the conditions of every statement on its way to the database.

    Return a set that collects those that had one.
    """
    pattern, filtered = _ANY_FILTER if also_of_counters else _FILTER_OF_ROWS, set[str]()

    def without_filter(statement: Statement) -> Statement:
        if not pattern.search(statement.sql):
            return statement
        filtered.add(statement.sql)
        changed = copy.copy(statement)
        changed.sql = pattern.sub(r"\1::VARCHAR IS NOT NULL", statement.sql)
        return changed

    for name in _RUNNERS:
        monkeypatch.setattr(Session, name, _running(getattr(Session, name), without_filter))
    return filtered


def _running(run: Callable[..., Any], change: Callable[[Statement], Statement]) -> Callable[..., Any]:
    async def changed(session: Session, statement: Statement, *values: Any, **named: Any) -> Any:
        return await run(session, change(statement), *values, **named)

    return changed


async def take_row_security_down(connection: asyncpg.Connection) -> int:
    """Switch row-level security off for every table, and return how many had it."""
    await leave_role(connection)
    tables = await connection.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relrowsecurity")
    for table in tables:
        await connection.execute(f"ALTER TABLE {table['name']} DISABLE ROW LEVEL SECURITY")
    return len(tables)
