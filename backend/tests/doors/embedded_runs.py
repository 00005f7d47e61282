"""Embedded servers as tests hold them: in a process that can be killed, in a folder that every account can pass."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg

BACKEND = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from app.database.embedded.server import EmbeddedError, EmbeddedPostgres
try:
    print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
except EmbeddedError as refusal:
    sys.exit(str(refusal))
time.sleep(100)
"""


class Run:
    """Another process that runs a server on a folder.

    Args:
        folder: The folder of the server.

    Attributes:
        process: The process, whose child is the server.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-c", HOLDER, str(folder)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=BACKEND, stdout=pipe, stderr=pipe, text=True)

    def url(self) -> str:
        """Wait for the server and return its address; nothing if the run was refused."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def kill(self) -> str:
        """End the process without giving it a chance to clean up, and return what it complained of before."""
        self.process.kill()
        return self.process.communicate()[1]


@contextmanager
def orphan(folder: Path) -> Iterator[tuple[str, int]]:
    """Give address and process number of a server whose parent was killed, and end what is left of it at the end."""
    run = Run(folder)
    try:
        url = run.url()
        process_id = server_process(folder)
    finally:
        run.kill()
    try:
        yield url, process_id
    finally:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGQUIT)


def ask(url: str, query: str) -> Any:
    """Return the first value of a query's answer."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(url, port=5432)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def socket_of(url: str) -> Path:
    """Return the folder of the socket that an address leads to."""
    return Path(unquote(url.partition("?host=")[2]))


def server_process(folder: Path) -> int:
    """Return the process number that the record of a folder names."""
    return int((folder / "cluster/postmaster.pid").read_text().split("\n")[0])


def is_alive(process_id: int) -> bool:
    """Return whether a process has not ended; one that nobody has asked for its status yet has."""
    command = ["ps", "-o", "stat=", "-p", str(process_id)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1] not in {"", "Z"}


def copy(folder: Path, target: Path) -> None:
    """Copy a folder as an administrator does, owners, sockets and all."""
    subprocess.run(["cp", "-a", str(folder), str(target)], check=True)


@contextmanager
def open_place() -> Iterator[Path]:
    """Give an empty folder that every account can pass, and stop what a failed test left running in it."""
    place = Path(tempfile.mkdtemp(prefix="agendum-")).resolve()
    place.chmod(0o755)
    yield place
    for record in place.rglob("postmaster.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(record.read_text().split("\n")[0]), signal.SIGQUIT)
    while place.exists():  # What is still stopping may put a file back.
        shutil.rmtree(place, ignore_errors=True)
