"""Runs worker processes from a parent that has one thread, so that it may fork at any time. It answers no request."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType

import structlog

from app.database.embedded.server import EmbeddedPostgres
from app.server.database_watch import DatabaseWatch
from app.server.deaths import MOST_DEATHS, Deaths, how_it_ended
from app.server.http_server import GRACE_SECONDS, HttpServer
from app.server.signals import SHORTEN, STOPS, leave_with_parent
from app.utils.metrics import forget_process

# Seconds between two looks; before a worker that died again is replaced; after the drain, until a worker is killed.
_PAUSE, _DELAY, _END_LIMIT = 0.2, 1.0, GRACE_SECONDS + 10.0
_log = structlog.get_logger("agendum.workers")


class WorkersLostError(Exception):
    """A worker dies again and again; the message says how."""


class Supervisor:
    """The parent of the workers, and of the embedded database if there is one.

    Args:
        server: What each worker runs.
        embedded: The embedded database, which runs.
        count: How many workers there are.
    """

    def __init__(self, server: HttpServer, embedded: EmbeddedPostgres | None, *, count: int) -> None:
        self._server = server
        self._embedded = embedded
        self._watch = DatabaseWatch(embedded) if embedded is not None else None
        self._workers = [_Worker(self._work) for _ in range(count)]
        self._signals = 0
        # No worker has the writing end, so that all of them see its end when the parent has died of whatever.
        self._lifeline, self._lifelines_end = os.pipe()

    def run(self) -> None:
        """Keep the workers running until a signal comes; then have them answer what they have begun, and end.

        Raises:
            WorkersLostError: One of them died again and again.
            DatabaseLostError: The embedded database died and does not come back.
        """
        # Spec: features/operations.md#OPS-083
        for number in STOPS:
            signal.signal(number, self._note)
        try:
            while not self._signals:
                self._look()
                self._wait()
        finally:
            self._end()

    def _look(self) -> None:
        for worker in self._workers:
            worker.keep()
        if self._watch is not None:
            self._watch.look()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _work(self) -> None:
        """Serve, in a process that was forked just now with the signals held back."""
        # Spec: features/operations.md#OPS-084
        os.close(self._lifelines_end)
        if self._embedded is not None:
            self._embedded.leave_to_parent()
        leave_with_parent()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        # Spec: features/operations.md#OPS-087
        structlog.contextvars.bind_contextvars(process=os.getpid())
        self._server.run(lifeline=self._lifeline)

    def _wait(self) -> None:
        """Wait a moment, or until a worker has ended."""
        sentinels = (worker.sentinel for worker in self._workers)
        wait([sentinel for sentinel in sentinels if sentinel is not None], _PAUSE)

    def _end(self) -> None:
        """Have the workers end, sooner when a second signal comes, and kill those that do not."""
        self._server.listener.close()
        self._tell(signal.SIGTERM)
        first, is_told = max(self._signals, 1), False
        deadline = time.monotonic() + self._server.drain + _END_LIMIT
        while any(worker.is_running for worker in self._workers) and time.monotonic() < deadline:
            self._wait()
            if self._signals > first and not is_told:
                # Spec: features/operations.md#OPS-122
                self._tell(SHORTEN)
                is_told = True
        for worker in self._workers:
            worker.end()

    def _tell(self, number: int) -> None:
        for worker in self._workers:
            worker.tell(number)


class _Worker:
    """One place among the workers: the process that has it now, and how often those in it have died."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._process: BaseProcess | None = None
        self._deaths = Deaths()
        self._due = 0.0

    @property
    def is_running(self) -> bool:
        """Whether there is a process, which has not ended."""
        return self._process is not None and self._process.exitcode is None

    @property
    def sentinel(self) -> int | None:
        """What becomes readable when the process ends, while it has not."""
        return self._process.sentinel if self._process is not None and self.is_running else None

    def keep(self) -> None:
        """Start the process where there is none; note that it died.

        Raises:
            WorkersLostError: It died too often to be started again.
        """
        # Spec: features/operations.md#OPS-082
        if self._process is None:
            if time.monotonic() >= self._due:
                self._start()
        elif (status := self._process.exitcode) is not None:
            self._bury(self._process, how_it_ended(status))

    def tell(self, number: int) -> None:
        """Send the process a signal, if it runs."""
        if self._process is not None and self._process.pid is not None and self.is_running:
            os.kill(self._process.pid, number)

    def end(self) -> None:
        """Kill the process if it still runs."""
        if self._process is not None and self.is_running:
            _log.error("worker does not end and is killed", process=self._process.pid)
            self._process.kill()
            self._process.join()

    def _start(self) -> None:
        """Start the process; where the machine has no room for it now, it is tried again a little later."""
        try:
            self._process = self._fork()
        except OSError as failure:
            _log.error("worker cannot be started", error=failure.strerror)
            self._due = time.monotonic() + _DELAY

    def _fork(self) -> BaseProcess:
        """Fork with the signals held back, so that none meets a child that still has its parent's handlers."""
        process = multiprocessing.get_context("fork").Process(target=self._work)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _log.info("worker started", process=process.pid)
        return process

    def _bury(self, process: BaseProcess, how: str) -> None:
        number = self._deaths.add()
        _log.error("worker died", process=process.pid, how=how)
        forget_process(process.pid or 0)
        if number == MOST_DEATHS:
            raise WorkersLostError(
                f"A worker died {MOST_DEATHS} times within a minute; the last time it {how}",
            )
        self._due = time.monotonic() + _DELAY * (number - 1)
        process.close()
        self._process = None
