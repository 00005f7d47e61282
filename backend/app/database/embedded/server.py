"""Runs a PostgreSQL of our own in the data folder, for a start without any preparation.

It is reachable only by a socket that its owner may open; it reads no settings, and prints nothing.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from app.database.embedded.account import EmbeddedError, prepare_folder, server_account, take_lock
from app.database.embedded.cluster import ensure_cluster, is_ready, stop_leftover
from app.database.embedded.programs import Programs, installed_packages, usable_programs
from app.database.embedded.sockets import clear_sockets, socket_folder, url_through

__all__ = ["EmbeddedError", "EmbeddedPostgres"]

_LOCK_NAME = "agendum.lock"
_START_LIMIT = 60.0
_SHELL = frozenset('"$`\\')
# What PostgreSQL says while processes of an earlier server are still at work on the cluster.
_OCCUPIED = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
_STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
# At level "log" the server's own life is recorded, and no statement of a user, which would hold the text of tasks.
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "log",
        "log_checkpoints": "off",
    }
)


class EmbeddedPostgres:
    """One PostgreSQL server on one folder, held by one process at a time.

    Args:
        folder: The folder for everything that the server owns: cluster, socket, lock and log. It is made when missing.
        settings: Further settings of the server; those that keep it private cannot be changed.
        report: Told, in a line each, what takes a while.
        packages: Where the wheel with PostgreSQL's programs is installed, when not where Python finds it.

    Attributes:
        folder: The folder, with links resolved.
        url: The address of the server while it runs, at every start of this object the same.
        log: The file in which the server writes what happens to it, begun anew by `start`.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        report: Callable[[str], None] | None = None,
        packages: Path | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "server.log"
        self._socket = socket_folder(self.folder)
        self.url = url_through(self._socket)
        self._settings = dict(settings or {})
        self._report = report or (lambda _line: None)
        self._packages = packages
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server, making its cluster the first time, and return its address once it accepts connections.

        Raises:
            EmbeddedError: It cannot start, or another process runs it.
        """
        # Spec: features/operations.md#OPS-015
        if sys.platform == "win32":
            raise EmbeddedError(
                "The embedded database does not run on Windows: set DATABASE_URL, or use the Windows "
                "Subsystem for Linux."
            )
        if self._process is not None and self._process.poll() is None:
            return self.url
        self.stop()
        with self._all_or_nothing():
            self._take_folder()
            self._run()
        return self.url

    def restart(self) -> None:
        """Start the server again after its death, at the same address and without letting go of the folder.

        Raises:
            EmbeddedError: It cannot start, or the folder is no longer the one that it served.
        """
        # Spec: features/operations.md#OPS-022
        with self._all_or_nothing():
            self._refuse_other_folder()
            self._run()

    def death(self) -> str | None:
        """Return how the server ended without being stopped, as the rest of a sentence; None while it runs."""
        status = self._process.poll() if self._process is not None else None
        if status is None:
            return None
        return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"

    def stop(self) -> None:
        """Stop the server, if it is ours and runs, and let go of the folder."""
        # Spec: features/operations.md#OPS-016
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._lock is not None:
            shutil.rmtree(self._socket, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def leave_to_parent(self) -> None:
        """Let go of server and folder in a forked process: they are its parent's, and are not touched."""
        # Spec: features/operations.md#OPS-084
        if self._lock is not None:
            os.close(self._lock)
        self._lock = self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Stop what was begun if the block fails."""
        try:
            with ExitStack() as undo:
                undo.callback(self.stop)
                yield
                undo.pop_all()
        except OSError as problem:
            raise EmbeddedError(
                f"The embedded database cannot start: {problem}. Check the folder {self.folder}, or choose "
                "another with AGENDUM_DATA_DIR."
            ) from problem

    def _take_folder(self) -> None:
        # PostgreSQL's programs find one another through a shell, which reads these characters even between quotes.
        if _SHELL & set(str(self.folder)):
            raise EmbeddedError(
                f"The path of the data folder {self.folder} has a character that a shell would read: choose another."
            )
        prepare_folder(self.folder, server_account())
        self._lock = take_lock(self.folder / _LOCK_NAME)
        self.log.unlink(missing_ok=True)

    def _refuse_other_folder(self) -> None:
        # What stands at the path by now is not ours to serve: it may be empty, or be held by another run.
        lock = self.folder / _LOCK_NAME
        whole = lock.exists() and self._cluster.exists()
        if self._lock is None or not whole or not os.path.samestat(os.fstat(self._lock), lock.stat()):
            raise EmbeddedError(
                f"The data folder {self.folder} was moved, removed or replaced while it was in use. Put it "
                "back and start again."
            )

    def _run(self) -> None:
        account = server_account()
        programs = usable_programs(
            self._packages or installed_packages(), self.folder, account=account, report=self._report
        )
        stop_leftover(self._cluster, programs, report=self._report)
        ensure_cluster(self._cluster, programs, report=self._report)
        deadline = time.monotonic() + _START_LIMIT
        while not self._launch(programs, deadline):
            time.sleep(0.2)
            stop_leftover(self._cluster, programs, report=self._report)

    def _launch(self, programs: Programs, deadline: float) -> bool:
        """Start the server, and return once it accepts connections; False if an earlier one is still in the way."""
        clear_sockets(self.folder, self._socket, account=programs.account)
        begin, self._process = self._spawn(programs)
        while not is_ready(self._cluster, self._process.pid):
            ended, late = self._process.poll() is not None, time.monotonic() > deadline
            if ended and not late and self._is_occupied(begin):
                return False
            if ended or late:
                problem = (
                    "stopped while it was starting" if ended else f"is not ready after {_START_LIMIT:.0f} s"
                )
                raise EmbeddedError(
                    f"PostgreSQL {problem}. The end of {self.log}:\n{self._last_lines(begin)}"
                )
            time.sleep(0.02)
        return True

    def _spawn(self, programs: Programs) -> tuple[int, subprocess.Popen[bytes]]:
        """Start the server's process, and return it after the place in the log at which its lines begin."""
        private = {
            "listen_addresses": "",
            "unix_socket_directories": '"{}"'.format(str(self._socket).replace('"', '""')),
            "unix_socket_permissions": "0700",
        }
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, **self._settings, **private}.items()]
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            begin = os.fstat(log).st_size
            return begin, programs.launch("postgres", "-D", str(self._cluster), *options, output=log)
        finally:
            os.close(log)

    def _is_occupied(self, begin: int) -> bool:
        said = self._said(begin)
        return any(sign in said for sign in _OCCUPIED)

    def _last_lines(self, begin: int) -> str:
        return "\n".join(self._said(begin).splitlines()[-15:])

    def _said(self, begin: int) -> str:
        return self.log.read_bytes()[begin:].decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    for request, limit in _STOPS:
        process.send_signal(request)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    process.wait()
