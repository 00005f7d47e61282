"""Whether the service can do its work now."""

import asyncio

from app.database.connection import Database
from app.domain.errors import Unavailable
from app.repositories.unit_of_work import answers

_PATIENCE = 1.0


async def check(database: Database, *, is_ending: bool) -> None:
    """Return once the database has answered, within a second.

    Args:
        database: The database.
        is_ending: Whether the process was told to end.

    Raises:
        Unavailable: It has not answered, or new requests are better sent elsewhere.
    """
    # Spec: features/operations.md#OPS-011 features/operations.md#OPS-120
    if is_ending:
        raise Unavailable("This process is about to end.")
    try:
        async with asyncio.timeout(_PATIENCE):
            await answers(database)
    except TimeoutError as error:
        raise Unavailable("The database is not answering.") from error
