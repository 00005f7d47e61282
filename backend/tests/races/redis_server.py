"""A Redis of the test's own, on a socket and a port of the loopback address, with a password. It keeps nothing."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAM = shutil.which("redis-server")
PASSWORD = "canary-of-redis"


class RedisServer:
    """One process, which can be ended, started again at its address, and stopped in its tracks."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="agendum-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Its address, as an operator would write it."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        assert PROGRAM is not None
        settings = {"--port": str(self.port), "--bind": "127.0.0.1", "--requirepass": PASSWORD}
        settings |= {"--dir": str(self._folder), "--save": "", "--loglevel": "warning"}
        arguments = [part for setting in settings.items() for part in setting]
        self._process = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return

    def end(self) -> None:
        """Kill it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def freeze(self) -> None:
        """Have it take connections and answer nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        shutil.rmtree(self._folder)
