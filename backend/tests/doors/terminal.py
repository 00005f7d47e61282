"""An interactive shell on a terminal of its own, into which text is pasted or typed as a person would do it."""

import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Self

# Without anybody's own settings.
SHELLS: Mapping[str, tuple[str, ...]] = {"bash": ("--norc", "--noprofile", "-i"), "zsh": ("-f", "-i")}
_PATIENCE = 60.0
_CONTROL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>])|\r")


def is_missing(shell: str) -> bool:
    """Tell whether a shell is not installed."""
    return shutil.which(shell) is None


class Terminal:
    """A shell that runs until the block ends.

    Args:
        shell: One of `SHELLS`.
        home: Its home folder, which is empty.
    """

    def __init__(self, shell: str, home: Path) -> None:
        self._blocks = 0
        self._screen = ""
        master, slave = pty.openpty()
        # So wide that no line is broken, which shells do with control characters of their own.
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 2000, 0, 0))
        seen = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "HISTFILE": "",
        }
        self._process = subprocess.Popen(
            [shell, *SHELLS[shell]],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=seen,
            cwd=home,
            start_new_session=True,
        )
        os.close(slave)
        self._terminal = master

    def __enter__(self) -> Self:
        self.type(":")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        os.close(self._terminal)

    def paste(self, text: str) -> str:
        """Paste text as terminals do, in brackets, press Enter, and return what is shown until all of it has run."""
        return self._send(f"\x1b[200~{text.strip()}\x1b[201~\r")

    def type(self, text: str) -> str:
        """Type text line by line, and return what is shown until all of it has run."""
        return self._send(text.strip().replace("\n", "\r") + "\r")

    def _send(self, keys: str) -> str:
        # The line that is shown while it is typed is another one than the line that it prints.
        self._blocks += 1
        end = f"end-{self._blocks}-of-block"
        waiting, self._screen = f'{keys}printf "%s-of-block\\n" end-{self._blocks}\r'.encode(), ""
        deadline = time.monotonic() + _PATIENCE
        while f"\n{end}\n" not in self._screen:
            assert time.monotonic() < deadline, f"it has not ended: {self._screen}"
            readable, writable, _ = select.select(
                [self._terminal], [self._terminal] if waiting else [], [], 1
            )
            if writable:
                # A terminal takes no more at once than its buffer holds.
                waiting = waiting[os.write(self._terminal, waiting[:256]) :]
            if readable:
                self._screen += os.read(self._terminal, 65536).decode(errors="replace")
                self._screen = _CONTROL.sub("", self._screen)
        return self._screen
