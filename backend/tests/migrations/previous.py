"""Release 0001 at work, as its units of work looked: small transactions that read and write tasks.

It knows nothing of what comes later.
"""

import asyncio
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

BEGIN_WORK = """
    SELECT set_config('role', 'agendum_app', true), set_config('statement_timeout', '4500', true),
        set_config('lock_timeout', '2000', true), set_config('app.user_id', $1, true)
"""
LOCK_PERSON = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
RECORD = """
    , counted AS (UPDATE agendum.change_counter SET last_seq = last_seq + 1 WHERE user_id = $1 RETURNING last_seq)
    INSERT INTO agendum.change (
        user_id, seq, id, entity, entity_id, version, action, actor, source, occurred_at
    ) SELECT $1, last_seq, gen_random_uuid(), 'task', id, version, 'updated', $1, 'api', now() FROM written, counted
"""
CREATE = f"""
    WITH written AS (
        INSERT INTO agendum.task (user_id, id, title, priority, created_at, updated_at, version)
        VALUES ($1, $2, $3, 'none', now(), now(), 1) RETURNING id, version
    ) {RECORD}
"""
RENAME = f"""
    WITH written AS (
        UPDATE agendum.task SET title = $3, version = version + 1, updated_at = now()
        WHERE user_id = $1 AND id = $2 RETURNING id, version
    ) {RECORD}
"""
LIST = """
    SELECT id, title, due_date FROM agendum.task
    WHERE user_id = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 50
"""
# How long those of the previous release have been waiting for a lock, and what whoever is in their way does.
WAITS = """
    SELECT max(extract(epoch FROM clock_timestamp() - waitstart))::float AS seconds,
        array_agg(DISTINCT (
            SELECT string_agg(query, '; ') FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids(waiting.pid))
        )) AS behind
    FROM pg_locks AS waiting WHERE NOT granted AND pid = ANY ($1::int[])
"""


async def create(connection: asyncpg.Connection, user_id: str, title: str) -> UUID:
    """Create a task in a unit of work, and return its id."""
    task_id = uuid7()
    await _write(connection, CREATE, user_id, task_id, title)
    return task_id


async def rename(connection: asyncpg.Connection, user_id: str, task_id: UUID, *, title: str) -> None:
    """Change the title of a task in a unit of work."""
    await _write(connection, RENAME, user_id, task_id, title)


async def read(connection: asyncpg.Connection, user_id: str) -> Any:
    """Read the list of a person in a unit of work."""
    async with connection.transaction(readonly=True):
        await connection.execute(BEGIN_WORK, user_id)
        return await connection.fetch(LIST, user_id)


async def _write(connection: asyncpg.Connection, statement: str, user_id: str, *values: object) -> None:
    async with connection.transaction():
        await connection.execute(BEGIN_WORK, user_id)
        await connection.execute(LOCK_PERSON, user_id)
        await connection.execute(statement, user_id, *values)


class PreviousRelease:
    """People who read and write without a pause, each on a connection, while their waits for locks are watched.

    Attributes:
        created: How many tasks they have made.
        failures: What went wrong for them.
        longest_wait: The longest that one of them waited for a lock, in seconds.
        behind: What was being done by whom they waited for.
    """

    def __init__(self, url: str, people: list[str]) -> None:
        self._url = url
        self._people = people
        self._tasks: list[asyncio.Task[None]] = []
        self._connections: list[asyncpg.Connection] = []
        self._ends = False
        self.created = 0
        self.failures: list[Exception] = []
        self.longest_wait = 0.0
        self.behind: set[str] = set()

    async def __aenter__(self) -> Self:
        self._connections = [await asyncpg.connect(dsn=self._url) for _person in (*self._people, "watcher")]
        *working, watching = self._connections
        served = zip(working, self._people, strict=True)
        self._tasks = [asyncio.create_task(self._use(connection, person)) for connection, person in served]
        self._tasks.append(
            asyncio.create_task(
                self._watch(watching, [connection.get_server_pid() for connection in working])
            )
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends = True
        await asyncio.gather(*self._tasks)
        for connection in self._connections:
            await connection.close()

    async def _use(self, connection: asyncpg.Connection, person: str) -> None:
        while not self._ends:
            try:
                task_id = await create(connection, person, "Written beside a migration")
                self.created += 1
                await rename(connection, person, task_id, title="Renamed beside a migration")
                assert len(await read(connection, person)) >= 1
            except asyncpg.PostgresError as failure:
                self.failures.append(failure)
            await asyncio.sleep(0.02)

    async def _watch(self, connection: asyncpg.Connection, processes: list[int]) -> None:
        while not self._ends:
            record = await connection.fetchrow(WAITS, processes)
            if record["seconds"] is not None:
                self.longest_wait = max(self.longest_wait, record["seconds"])
                self.behind |= {query for query in record["behind"] if query}
            await asyncio.sleep(0.02)
