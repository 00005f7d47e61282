"""The processes of a run: a private PostgreSQL, the floor and the service.

Whatever was started is stopped again, by its own id.
"""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic

HOST = "127.0.0.1"
_ROOT = Path(__file__).parent.parent
_START_SECONDS = 30
_STOP_SECONDS = 10
_LEAVING_SECONDS = 2


class ServerError(Exception):
    """A server ended by itself, or did not listen in the time it has to start; the message holds the end of its log."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that the database's own account can enter, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="agendum-bench-"))
    try:
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def serving(
    *arguments: str, port: int, environment: Mapping[str, str], log: Path
) -> AsyncIterator[int]:
    """Run Python with these arguments as a server on a port, and give its process id once it listens.

    Raises:
        ServerError: It did not listen in time, or ended before it was told to.
    """
    process = await _start([sys.executable, *arguments], environment=environment, log=log)
    try:
        await _until_listening(process, port=port, log=log)
        yield process.pid
        _check_running(process, log)
    except ConnectionError:
        # A server that is on its way out closes its connections first.
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _LEAVING_SECONDS)
        _check_running(process, log)
        raise
    finally:
        await _stop(process)


def free_port() -> int:
    """Find a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def _start(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path
) -> asyncio.subprocess.Process:
    """Start a process in a session of its own, so that Ctrl-C reaches only this run, which then stops it in order."""
    path = os.pathsep.join((str(_ROOT), str(_ROOT / "backend")))
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=_ROOT,
            env={**inherited, "PYTHONPATH": path, **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End a process as Ctrl-C would, or by force when it does not follow."""
    if process.returncode is not None:
        return
    process.send_signal(2)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _until_listening(process: asyncio.subprocess.Process, *, port: int, log: Path) -> None:
    deadline = monotonic() + _START_SECONDS
    while not await _listens(port):
        if process.returncode is not None or monotonic() > deadline:
            raise ServerError(f"a server did not start; the end of its log:\n{_last_lines(log)}")
        await asyncio.sleep(0.05)


def _check_running(process: asyncio.subprocess.Process, log: Path) -> None:
    if process.returncode is not None:
        raise ServerError(
            f"a server ended by itself with status {process.returncode}; the end of its log:\n{_last_lines(log)}"
        )


def _last_lines(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-1500:]


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
