"""A migration stalls nobody for two seconds.

Measured beside units of work of the previous release, by what waits for its locks.
"""

import asyncio

import asyncpg
import pytest

from tests.migrations.databases import UNFINISHED, ask, fill, migrate_elsewhere, wait_until
from tests.migrations.previous import PreviousRelease, create, read, rename

STALL = 2.0
TASKS, PEOPLE = 100_000, 100
COPIED = "SELECT to_regclass('agendum_next.ix_task_search') IS NOT NULL"
DELETE = "DELETE FROM agendum.task WHERE id = $1"
RESCHEDULE = (
    "UPDATE agendum.task SET due_date = '2027-01-02', due_time = '10:00', due_timezone = 'Asia/Tokyo' "
    "WHERE id = $1"
)


@pytest.mark.spec("OPS-040")
@pytest.mark.timeout(600)
async def test_a_hundred_thousand_tasks_are_migrated_and_nobody_waits_for_two_seconds(
    first_release: str,
) -> None:
    await fill(first_release, people=PEOPLE, tasks=TASKS)
    async with PreviousRelease(first_release, ["person0", "person1", "person2"]) as previous:
        process = migrate_elsewhere(first_release)
        _output, errors = await asyncio.to_thread(process.communicate)
    assert (process.returncode, previous.failures) == (0, []), errors
    assert previous.longest_wait < STALL, previous.behind
    assert await ask(first_release, "SELECT count(*) FROM agendum.task") == TASKS + previous.created
    assert await ask(first_release, UNFINISHED + " AND title LIKE 'Prepare%'") == 0


async def test_the_measure_sees_who_waits_and_fails(first_release: str) -> None:
    await fill(first_release, people=1, tasks=1)
    other = await asyncpg.connect(dsn=first_release)
    async with PreviousRelease(first_release, ["person0"]) as previous:
        async with other.transaction():
            await other.execute("LOCK TABLE agendum.task IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(STALL + 1)
        await other.close()
    assert previous.longest_wait > STALL / 2
    assert [type(failure) for failure in previous.failures] == [asyncpg.LockNotAvailableError]
    assert any("LOCK TABLE agendum.task" in query for query in previous.behind)


@pytest.mark.spec("OPS-040")
async def test_what_is_written_after_the_copy_is_not_lost(first_release: str) -> None:
    await fill(first_release, people=2, tasks=1_500)
    writer, reader = await asyncpg.connect(dsn=first_release), await asyncpg.connect(dsn=first_release)
    renamed, moved, deleted = [record["id"] for record in (await read(writer, "person1"))[:3]]
    async with reader.transaction():
        # Whoever reads accounts keeps the tables from being exchanged, and nothing before that.
        await reader.execute("SELECT FROM agendum.account")
        process = migrate_elsewhere(first_release)
        await wait_until(first_release, COPIED)
        created = await create(writer, "person0", "Created late")
        await rename(writer, "person1", renamed, title="Renamed late")
        await writer.execute(RESCHEDULE, moved)
        await writer.execute(DELETE, deleted)
    _output, errors = await asyncio.to_thread(process.communicate)
    assert process.returncode == 0, errors
    titles = {
        record["id"]: record["title"] for record in await writer.fetch("SELECT id, title FROM agendum.task")
    }
    assert (len(titles), titles[created], titles[renamed], deleted in titles) == (
        1_500,
        "Created late",
        "Renamed late",
        False,
    )
    assert await ask(first_release, UNFINISHED) == 0
    for connection in (writer, reader):
        await connection.close()
