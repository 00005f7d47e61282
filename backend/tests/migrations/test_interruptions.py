"""The next start goes on with an interrupted migration, and until then the previous release goes on as well."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Engine, event

from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from tests.migrations.databases import UNFINISHED, ask, catalogue_of, fill, migrate_elsewhere, wait_until
from tests.migrations.previous import create

LEFT_OVER = "SELECT count(*) FROM pg_namespace WHERE nspname = 'agendum_next'"
COPYING = "SELECT to_regclass('agendum_next.task') IS NOT NULL"


@contextmanager
def cut_after(statements: int) -> Iterator[None]:
    """Let the network break after so many statements."""
    left = iter(range(statements))

    def cut(*_details: Any) -> None:
        if next(left, None) is None:
            raise ConnectionResetError("cut")

    event.listen(Engine, "before_cursor_execute", cut)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", cut)


async def _is_cut(url: str, *, after: int) -> bool:
    try:
        with cut_after(after):
            await migrate(read_address(url))
    except MigrationError as failure:
        if "cut" not in str(failure):
            raise
        return True
    return False


@pytest.mark.spec("OPS-042", "OPS-020")
@pytest.mark.timeout(600)
async def test_a_migration_may_be_cut_anywhere(first_release: str, own_database: str) -> None:
    await fill(first_release, people=2, tasks=700)
    previous = await asyncpg.connect(dsn=first_release)
    cuts = 0
    for statements in count(start=4, step=1):
        if not await _is_cut(first_release, after=statements):
            break
        cuts += 1
        await create(previous, "person1", f"Created after {statements} statements")
    await previous.close()
    assert cuts > 5
    assert await catalogue_of(first_release) == await catalogue_of(own_database)
    assert await ask(first_release, LEFT_OVER) == 0
    assert await ask(first_release, "SELECT count(*) FROM agendum.task") == 700 + cuts
    assert await ask(first_release, UNFINISHED + " AND title LIKE 'Prepare%'") == 0


@pytest.mark.spec("OPS-042")
async def test_a_migration_whose_process_is_killed_is_gone_on_with(
    first_release: str, own_database: str
) -> None:
    await fill(first_release, people=2, tasks=5_000)
    process = migrate_elsewhere(first_release)
    await wait_until(first_release, COPYING)
    process.kill()
    await asyncio.to_thread(process.communicate)
    await migrate(read_address(first_release))
    assert await catalogue_of(first_release) == await catalogue_of(own_database)
    assert await ask(first_release, UNFINISHED) == 0
