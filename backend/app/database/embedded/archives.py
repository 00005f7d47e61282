"""Backups of an embedded database: taken, and put in its place, while others use it. It migrates nothing."""

import asyncio
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

import asyncpg

from app.database.embedded.account import EmbeddedError
from app.database.embedded.programs import Programs

# The database that is restored into before it takes the place of the one in use, and that one afterwards.
_FRESH, _FORMER = "agendum_restored", "agendum_former"
_IN_USE = "postgres"
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
)
_TRIES, _PAUSE = 100, 0.05
_IS_EMPTY = "SELECT to_regclass('agendum.account') IS NULL"
_HAS_PEOPLE = "SELECT EXISTS (SELECT FROM agendum.account WHERE kind = 'person' AND deleted_at IS NULL)"


class Cluster:
    """An embedded server that runs, whoever has started it.

    Args:
        programs: Those of its release.
        socket: The folder of its socket.
    """

    def __init__(self, programs: Programs, socket: Path) -> None:
        self._programs = programs
        self._socket = socket

    def url(self, database: str = _IN_USE) -> str:
        """Return the address of a database of the server."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket))}"

    def has_people(self) -> bool:
        """Tell whether anybody has an account in the database."""
        return asyncio.run(_ask(self.url(), _HAS_PEOPLE))

    def take(self, file: Path) -> None:
        """Write everything that the database holds at one moment to a new file that its owner alone may read.

        Raises:
            EmbeddedError: There is such a file, or it cannot be written.
        """
        # Spec: features/operations.md#OPS-130
        try:
            descriptor, fresh = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
        except OSError as problem:
            raise EmbeddedError(f"{file} cannot be written: {problem.strerror}") from None
        try:
            with os.fdopen(descriptor, "wb") as output:
                arguments = ("--format=custom", f"--dbname={self.url()}")
                complaint = self._programs.pipe("pg_dump", *arguments, output=output.fileno())
                if complaint is not None:
                    raise EmbeddedError(f"The backup failed: {complaint}")
                os.fsync(output.fileno())
            _publish(Path(fresh), file)
        finally:
            Path(fresh).unlink(missing_ok=True)

    def read(self, file: Path) -> str:
        """Restore a backup beside the database in use, and return the address of what it made.

        Raises:
            EmbeddedError: There is no such file, or it is none of ours.
        """
        # Spec: features/operations.md#OPS-131
        try:
            source = file.open("rb")
        except OSError as problem:
            raise EmbeddedError(f"{file} cannot be read: {problem.strerror}") from None
        with source:
            asyncio.run(self._make_room())
            options = ("--exit-on-error", "--single-transaction", f"--dbname={self.url(_FRESH)}")
            complaint = self._programs.pipe("pg_restore", *options, source=source.fileno())
        if complaint is not None or asyncio.run(_ask(self.url(_FRESH), _IS_EMPTY)):
            asyncio.run(self.forget())
            raise EmbeddedError(f"{file} is no backup of Agendum: {complaint or 'it has none of its tables'}")
        return self.url(_FRESH)

    def replace(self) -> None:
        """Put what was restored in the place of the database in use, all at once; whoever uses that is cut off.

        Raises:
            EmbeddedError: Others came back to the database too quickly, each time.
        """
        # Spec: features/operations.md#OPS-132
        asyncio.run(self._replace())

    async def forget(self) -> None:
        """Drop what was restored and is not in use."""
        await self._run(f"DROP DATABASE IF EXISTS {_FRESH} WITH (FORCE)")

    async def _make_room(self) -> None:
        await self.forget()
        await self._run(f"CREATE DATABASE {_FRESH} TEMPLATE template0")

    async def _replace(self) -> None:
        await self._run(f"DROP DATABASE IF EXISTS {_FORMER} WITH (FORCE)")
        swap = f"ALTER DATABASE {_IN_USE} RENAME TO {_FORMER}; ALTER DATABASE {_FRESH} RENAME TO {_IN_USE}"
        connection = await asyncpg.connect(dsn=self.url("template1"))
        try:
            for _ in range(_TRIES):
                if await _swapped(connection, swap):
                    break
                await asyncio.sleep(_PAUSE)
            else:
                raise EmbeddedError(
                    "The database is too busy to be replaced: stop the service and try again."
                )
        finally:
            await connection.close()
        await self._run(f"DROP DATABASE IF EXISTS {_FORMER} WITH (FORCE)")

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(dsn=self.url("template1"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def _swapped(connection: asyncpg.Connection, swap: str) -> bool:
    """Cut everybody off and exchange the two databases; False if somebody was back before that."""
    for database in (_IN_USE, _FRESH):
        await connection.fetch(_OTHERS, database)
    try:
        # Several statements in one message are one transaction.
        await connection.execute(swap)
    except asyncpg.ObjectInUseError:
        return False
    return True


async def _ask(url: str, question: str) -> bool:
    connection = await asyncpg.connect(dsn=url)
    try:
        return bool(await connection.fetchval(question))
    finally:
        await connection.close()


def _publish(fresh: Path, file: Path) -> None:
    try:
        file.hardlink_to(fresh)
    except FileExistsError:
        raise EmbeddedError(f"{file} is there already: choose another name, or move it away.") from None
    except OSError as problem:
        raise EmbeddedError(f"{file} cannot be written: {problem.strerror}") from None
