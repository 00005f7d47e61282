"""A PgBouncer of the test's own, in transaction mode, between the application and the run's server.

It knows nothing of the application.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import asyncpg

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_PORT = 6432


class PgBouncer:
    """One process with a few server connections for everybody.

    Args:
        server_url: The address of the server, by its socket; PgBouncer runs as the account that owns it, because it
            refuses to be root.
        size: How many server connections it may have.
    """

    def __init__(self, server_url: str, *, size: int) -> None:
        self._server_folder = Path(unquote(server_url.partition("?host=")[2]))
        self._size = size
        self._folder = Path(tempfile.mkdtemp(prefix="agendum-pooler-"))
        self._process: subprocess.Popen[bytes] | None = None

    def url_of(self, database: str) -> str:
        """Return the address of a database behind the pooler, as an operator would write it."""
        return f"postgresql://postgres@:{_PORT}/{database}?host={self._folder}&pgbouncer=true"

    def __enter__(self) -> Self:
        assert PROGRAM is not None
        owner = self._server_folder.stat()
        settings = self._folder / "pgbouncer.ini"
        settings.write_text(self._settings())
        for path in (self._folder, settings):
            os.chown(path, owner.st_uid, owner.st_gid)
        identity = (
            {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._process = subprocess.Popen([PROGRAM, "-q", str(settings)], cwd="/", **identity)  # type: ignore[call-overload]
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._folder)

    def _settings(self) -> str:
        return "\n".join(
            (
                "[databases]",
                f"* = host={self._server_folder} port=5432 user=postgres",
                "[pgbouncer]",
                "listen_addr =",
                f"listen_port = {_PORT}",
                f"unix_socket_dir = {self._folder}",
                f"logfile = {self._folder}/pgbouncer.log",
                "auth_type = any",
                "pool_mode = transaction",
                f"default_pool_size = {self._size}",
                "max_client_conn = 200",
            )
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + 10
        while not (self._folder / f".s.PGSQL.{_PORT}").exists():
            assert time.monotonic() < deadline, (self._folder / "pgbouncer.log").read_text()
            time.sleep(0.02)

    async def ask_server_connections(self, database: str, query: str) -> list[asyncpg.Record]:
        """Run a query that opens no prepared statement of its own, on as many server connections as there are."""
        clients = [await self.connect(database, statement_cache_size=0) for _connection in range(self._size)]
        transactions = [client.transaction() for client in clients]
        for transaction in transactions:
            await transaction.start()
        records = [record for client in clients for record in await client.fetch(query)]
        for client, transaction in zip(clients, transactions, strict=True):
            await transaction.rollback()
            await client.close()
        return records

    async def connect(self, database: str, **options: object) -> asyncpg.Connection:
        """Connect through the pooler, with the driver's own habits unless the options change them."""
        where = {
            "host": str(self._folder),
            "port": _PORT,
            "user": "postgres",
            "database": database,
            "ssl": False,
        }
        return await asyncpg.connect(**where | options)
