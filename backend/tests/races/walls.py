"""Takes the two walls of isolation down, one at a time: the filter of the repositories, and row-level security.

It changes nothing for good: what it takes down stands again after the test.
"""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import asyncpg
import pytest

import app.repositories
from app.database.statements import Statement
from app.repositories.owned import OwnedStatements
from tests.world import leave_role

# Conditions on the owner; what is left asks nothing, and keeps the parameter so that the driver still finds a place for it.
_ANY_FILTER = re.compile(r"(?:\w+\.)+user_id = (\$\d+)(?:::VARCHAR)?")
_FILTER_OF_ROWS = re.compile(r"agendum\.(?!change_counter)\w+\.user_id = (\$\d+)(?:::VARCHAR)?")


def take_filters_down(monkeypatch: pytest.MonkeyPatch, *, also_of_counters: bool = True) -> int:
    """Remove the owner from the conditions of every repository's statements, and return how many statements had one."""
    pattern = _ANY_FILTER if also_of_counters else _FILTER_OF_ROWS
    filtered = [statement for statement in repository_statements() if pattern.search(statement.sql)]
    for statement in filtered:
        monkeypatch.setattr(statement, "sql", pattern.sub(r"\1::VARCHAR IS NOT NULL", statement.sql))
    return len(filtered)


def repository_statements() -> Iterator[Statement]:
    """Find every statement that a module of the repositories has built."""
    for module in pkgutil.iter_modules(app.repositories.__path__, "app.repositories."):
        for value in list(vars(import_module(module.name)).values()):
            yield from _statements_in(value)


def _statements_in(value: object) -> Iterator[Statement]:
    if isinstance(value, Statement):
        yield value
    elif isinstance(value, OwnedStatements):
        yield from _statements_in(dict(vars(value)))
    elif isinstance(value, dict):
        yield from (part for part in value.values() if isinstance(part, Statement))


async def take_row_security_down(connection: asyncpg.Connection) -> int:
    """Switch row-level security off for every table, and return how many had it."""
    await leave_role(connection)
    tables = await connection.fetch("SELECT oid::regclass::text AS name FROM pg_class WHERE relrowsecurity")
    for table in tables:
        await connection.execute(f"ALTER TABLE {table['name']} DISABLE ROW LEVEL SECURITY")
    return len(tables)
