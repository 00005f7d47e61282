"""Whether the service can do its work now."""

import asyncio

from app.database.connection import Database
from app.domain.errors import Unavailable
from app.repositories.unit_of_work import answers

_PATIENCE = 1.0


async def check(database: Database) -> None:
    """Return once the database has answered, within a second.

    Raises:
        Unavailable: It has not.
    """
    # Spec: features/operations.md#OPS-011
    try:
        async with asyncio.timeout(_PATIENCE):
            await answers(database)
    except TimeoutError as error:
        raise Unavailable("The database is not answering.") from error
