"""Purges once an hour, for everybody, what has been kept too long; several processes may do so at once.

What is too old is the service's rule.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from secrets import SystemRandom

import structlog

from app.database.connection import Database
from app.domain.changes import Origin, Source
from app.domain.errors import Unavailable
from app.repositories.unit_of_work import answers, surveying, writing
from app.runtime import Runtime
from app.services import trash

# Seconds until the first round and between two; by chance, so that processes that start together do not work together.
_FIRST, _USUAL = (40.0, 90.0), (3400.0, 3800.0)
_log = structlog.get_logger("agendum.housekeeping")


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """Keep house for as long as the block lasts; what is under way at its end is rolled back."""
    loop = asyncio.create_task(_keep_house(runtime))
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.wait([loop])


async def tidy(database: Database, *, now: datetime) -> None:
    """Purge what is too old at a moment, person by person; failures are logged and left for the next time."""
    try:
        await _tidy_everybody(database, now=now)
    except Exception as failure:  # noqa: BLE001 (whatever it is, there is a next time)
        _tell(failure)


async def _keep_house(runtime: Runtime) -> None:
    wait = _FIRST
    while True:
        await asyncio.sleep(SystemRandom().uniform(*wait))
        await tidy(runtime.database, now=runtime.clock())
        runtime.metrics.end_round("housekeeping")
        wait = _USUAL


async def _tidy_everybody(database: Database, *, now: datetime) -> None:
    last = ""
    while True:
        async with surveying(database) as survey:
            people = await trash.owners_of_old(survey, after=last, now=now)
        for user_id in people:
            await _tidy_person(database, user_id, now=now)
        if not people:
            return
        last = people[-1]


async def _tidy_person(database: Database, user_id: str, *, now: datetime) -> None:
    """Purge what one person has had too long.

    Raises:
        Unavailable: The database is away, so that nobody else's turn has a point.
    """
    # Spec: features/trash.md#TRASH-009
    try:
        while await _purge_some(database, user_id, now=now):
            pass
    except Exception as failure:  # noqa: BLE001 (nobody's rows keep the others' from being purged)
        _tell(failure, user_id=user_id)
        await answers(database)


async def _purge_some(database: Database, user_id: str, *, now: datetime) -> int:
    async with writing(database, Origin.own(user_id, Source.WORKER)) as work:
        return await trash.purge_old(work, now=now)


def _tell(failure: Exception, **about: str) -> None:
    """Log what kind of failure it was; its text may hold a person's."""
    write = _log.warning if isinstance(failure, Unavailable) else _log.error
    write("housekeeping failed", error=type(failure).__name__, **about)
