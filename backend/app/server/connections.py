"""The connections of one process: which of them wait, how many there may be, and what is looked at from time to time.

It reads and answers nothing.
"""

import asyncio
from collections import OrderedDict
from typing import Protocol as Interface

import structlog

from app.server.limits import Limits

_log = structlog.get_logger("agendum.connections")


class Connection(Interface):
    """What is asked of a connection."""

    def abort(self) -> None:
        """Close it at once."""

    def look(self, now: float) -> None:
        """Close it, or answer it, if its time is over."""

    def say_farewell(self) -> None:
        """Tell the client with the next answer that the connection ends with it."""

    def give_up(self) -> None:
        """Answer what it asks that this cannot be done in time."""


class Connections:
    """Every connection of a process.

    Args:
        limits: How long clients may take.
        most: How many there may be; with one more, the one that has waited longest is closed.

    Attributes:
        is_draining: Whether clients are told, with each answer, to go elsewhere.
        is_ending: Whether nothing more is accepted.
    """

    def __init__(self, limits: Limits, *, most: int) -> None:
        self.limits = limits
        self.is_draining = self.is_ending = False
        self._most = most
        self._all: set[Connection] = set()
        # Those that have asked nothing, or nothing since their last answer, beginning with the one that waits longest.
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._closed = {"crowded_out": 0, "refused": 0, "not_read": 0}
        self._quiet_until = 0.0

    def add(self, connection: Connection) -> None:
        """Take a new connection, which waits."""
        # Spec: features/operations.md#OPS-116
        if len(self._all) >= self._most:
            if not self._waiting:
                connection.abort()
                self._closed["refused"] += 1
                return
            self.drop(oldest := next(iter(self._waiting)))
            oldest.abort()
            self._closed["crowded_out"] += 1
        self._all.add(connection)
        self._waiting[connection] = None

    def drop(self, connection: Connection) -> None:
        """Forget a connection that is closed or about to be."""
        self._all.discard(connection)
        self._waiting.pop(connection, None)

    def wait(self, connection: Connection) -> None:
        """Note that a connection has its answer and asks nothing."""
        if connection in self._all:
            self._waiting[connection] = None

    def ask(self, connection: Connection) -> None:
        """Note that a connection has asked something."""
        self._waiting.pop(connection, None)

    def drain(self) -> None:
        """Send all clients elsewhere, each with its next answer."""
        # Spec: features/operations.md#OPS-121
        self.is_draining = True
        for connection in self._all:
            connection.say_farewell()

    def give_up(self) -> None:
        """Answer what still runs that it was given up, if it can be."""
        for connection in list(self._all):
            connection.give_up()

    def note_unread(self) -> None:
        """Count a connection that was closed because its answer was not read."""
        self._closed["not_read"] += 1

    async def watch(self) -> None:
        """Look at every connection from time to time, for as long as the process serves."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.limits.look)
            now = loop.time()
            for connection in list(self._all):
                connection.look(now)
            self._warn(now)

    def _warn(self, now: float) -> None:
        """Say how many connections were closed for others, at most every ten seconds."""
        # Spec: features/operations.md#OPS-117
        if now >= self._quiet_until and any(self._closed.values()):
            _log.warning("connections closed", **self._closed, open=len(self._all), most=self._most)
            self._closed = dict.fromkeys(self._closed, 0)
            self._quiet_until = now + self.limits.silence
