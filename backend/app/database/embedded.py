"""Runs a PostgreSQL of our own in the data folder, for a start without any preparation.

It is reachable only by a socket that its owner may open; it reads no settings, and prints nothing.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

from app.database.embedded_account import EmbeddedError, prepare_folder, server_account, take_lock
from app.database.embedded_cluster import ensure_cluster, is_ready, stop_leftover
from app.database.embedded_programs import Programs, installed_packages, usable_programs

__all__ = ["EmbeddedError", "EmbeddedPostgres"]

_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # Bytes, on macOS; Linux has room for 107.
_START_LIMIT = 60.0
_SHELL = frozenset('"$`\\')
_STOPS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
# At level "log" the server's own life is recorded, and no statement of a user, which would hold the text of tasks.
_SETTINGS: Mapping[str, str] = MappingProxyType(
    {"max_connections": "100", "timezone": "UTC", "log_timezone": "UTC", "log_min_messages": "log", "log_checkpoints": "off"}
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
        url: The address of the server while it runs.
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
        self._socket = _socket_folder(self.folder)
        self.url = f"postgresql://postgres@/postgres?host={quote(str(self._socket))}"
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
            raise EmbeddedError("The embedded database does not run on Windows: set DATABASE_URL, or use the Windows Subsystem for Linux.")
        if self._process is not None and self._process.poll() is None:
            return self.url
        self.stop()
        try:
            with ExitStack() as undo:
                undo.callback(self.stop)
                self._start()
                undo.pop_all()
        except OSError as problem:
            raise EmbeddedError(
                f"The embedded database cannot start: {problem}. Check the folder {self.folder}, or choose another with AGENDUM_DATA_DIR."
            ) from problem
        return self.url

    def stop(self) -> None:
        """Stop the server, if it is ours and runs, and let go of the folder."""
        # Spec: features/operations.md#OPS-016
        if self._process is not None:
            _end(self._process)
            self._process = None
            if self._socket.parent != self.folder:
                shutil.rmtree(self._socket, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def _cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _start(self) -> None:
        # PostgreSQL's programs find one another through a shell, which reads these characters even between quotes.
        if _SHELL & set(str(self.folder)):
            raise EmbeddedError(f"The path of the data folder {self.folder} has a character that a shell would read: choose another.")
        account = server_account()
        prepare_folder(self.folder, account)
        self._lock = take_lock(self.folder / "agendum.lock")
        programs = usable_programs(self._packages or installed_packages(), self.folder, account=account, report=self._report)
        stop_leftover(self._cluster, programs, report=self._report)
        ensure_cluster(self._cluster, programs, report=self._report)
        prepare_folder(self._socket, account)
        self._process = self._launch(programs)
        self._wait_until_ready(self._process)

    def _launch(self, programs: Programs) -> subprocess.Popen[bytes]:
        private = {
            "listen_addresses": "",
            "unix_socket_directories": '"{}"'.format(str(self._socket).replace('"', '""')),
            "unix_socket_permissions": "0700",
        }
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, **self._settings, **private}.items()]
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            return programs.launch("postgres", "-D", str(self._cluster), *options, output=log)
        finally:
            os.close(log)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_LIMIT
        while not is_ready(self._cluster, process.pid):
            if process.poll() is not None:
                raise EmbeddedError(f"PostgreSQL stopped while it was starting. The end of {self._log}:\n{self._last_lines()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL is not ready after {_START_LIMIT:.0f} s. The end of {self._log}:\n{self._last_lines()}")
            time.sleep(0.02)

    def _last_lines(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


def _socket_folder(folder: Path) -> Path:
    place = folder / "socket"
    # A comma would make drivers take the path for a list of hosts.
    if len(os.fsencode(place / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT and "," not in str(place):
        return place
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()).resolve() / f"agendum-{os.geteuid()}-{mark}"


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
