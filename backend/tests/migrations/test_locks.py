"""Whoever has to lose a lock, it is the migration: it gives up soon, lets the others go on, and tries again."""

import asyncio
from typing import Any

import asyncpg
import pytest

from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from tests.migrations.databases import ask, fill, wait_until
from tests.migrations.previous import create, read

HEAD = "SELECT version_num FROM agendum.alembic_version"
WAITS_FOR = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = $1::text::regclass
    )
"""
# What keeps a step in the middle from its locks, the last one, and the one that says how far it is.
IN_THE_WAY = [
    "LOCK TABLE agendum.task IN ACCESS SHARE MODE",
    "LOCK TABLE agendum.account IN ACCESS SHARE MODE",
    "SELECT FROM agendum.alembic_version FOR UPDATE",
]


async def migrating(url: str) -> Any:
    """Migrate on a loop of its own, because a step that waits holds its loop."""
    return await asyncio.to_thread(asyncio.run, migrate(read_address(url)))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step be tried twice, and no more."""
    monkeypatch.setattr("app.database.migrate.PAUSES", (0.05,))


@pytest.mark.spec("OPS-041")
@pytest.mark.parametrize("held", IN_THE_WAY)
async def test_a_step_that_loses_its_lock_is_tried_again(first_release: str, held: str) -> None:
    await fill(first_release, people=1, tasks=10)
    other = await asyncpg.connect(dsn=first_release)
    async with other.transaction():
        await other.execute(held)
        ours = asyncio.create_task(migrating(first_release))
        await asyncio.sleep(2)
        assert not ours.done()
    await other.close()
    assert await ours is None


@pytest.mark.spec("OPS-041", "OPS-042")
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("held", IN_THE_WAY)
async def test_a_lock_that_is_held_for_long_is_told_and_the_next_start_goes_on(
    first_release: str, held: str
) -> None:
    await fill(first_release, people=1, tasks=10)
    other = await asyncpg.connect(dsn=first_release)
    async with other.transaction():
        await other.execute(held)
        with pytest.raises(MigrationError, match="end long transactions"):
            await migrating(first_release)
        assert await ask(first_release, HEAD) == "0001"
        assert len(await read(other, "person0")) == 10
    await other.close()
    assert await migrating(first_release) is None


@pytest.mark.spec("OPS-041")
async def test_the_loser_of_a_deadlock_is_the_migration(first_release: str) -> None:
    await fill(first_release, people=1, tasks=10)
    other = await asyncpg.connect(dsn=first_release)
    async with other.transaction():
        await other.execute("SELECT FROM agendum.account")
        ours = asyncio.create_task(migrating(first_release))
        # The migration holds the tasks and waits for the accounts, of which we hold one, and now we want the tasks.
        await wait_until(first_release, WAITS_FOR, "agendum.account")
        await create(other, "person0", "Written in the middle of a deadlock")
    await other.close()
    assert await ours is None
    assert await ask(first_release, "SELECT count(*) FROM agendum.task") == 11
