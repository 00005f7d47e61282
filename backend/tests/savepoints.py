"""A connection whose transactions are savepoints of one that is under way, so that a test commits nothing."""

from itertools import count
from typing import Any

import asyncpg

_NUMBERS = count(1)


class Savepoint:
    """Stands for a borrowed connection as long as one transaction lasts; only its beginning and its end are others.

    Args:
        connection: A connection inside of the outer transaction.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        name = f"unit_of_work_{next(_NUMBERS)}"
        # What only reads cannot write here either; that ends with the savepoint.
        self._beginnings = {
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;": f"SAVEPOINT {name};SET TRANSACTION READ ONLY;",
            "BEGIN READ ONLY;": f"SAVEPOINT {name};SET TRANSACTION READ ONLY;",
            "BEGIN;": f"SAVEPOINT {name};",
        }
        back = f"ROLLBACK TO SAVEPOINT {name};RELEASE SAVEPOINT {name};"
        self._endings = {"COMMIT;": f"RELEASE SAVEPOINT {name};", "ROLLBACK;": back}

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 (as asyncpg's)
        """Run a query; what begins or ends a transaction begins or ends the savepoint instead."""
        if query in self._endings:
            await self._connection.execute(self._endings[query], timeout=timeout)
            return query.rstrip(";")
        for beginning, savepoint in self._beginnings.items():
            if query.startswith(beginning):
                query = savepoint + query.removeprefix(beginning)
        status: str = await self._connection.execute(query, *arguments, timeout=timeout)
        return status

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
