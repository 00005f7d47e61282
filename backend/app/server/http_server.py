"""Serves the application over HTTP on a socket, in whichever process it is run. It starts no process."""

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp

from app.server.connections import Connections
from app.server.limits import Limits, Room
from app.server.protocol import protocol
from app.server.signals import SHORTEN

# Seconds that requests which have begun may take once nothing new is accepted, and that their refusals may take then.
GRACE_SECONDS, _LAST_SECONDS = 10, 2
_DEFAULT_LIMITS, _DEFAULT_ROOM = Limits(), Room(connections=4096, backlog=1024)
_log = structlog.get_logger("agendum.server")


class HttpServer:
    """The application on a socket that is bound.

    Args:
        app: The application.
        listener: The socket; several processes may serve on the same one.
        production: Whether answers have the headers of production.
        drain: For how many seconds it goes on serving after it was told to end.
        room: How many clients there may be.
        limits: How long they may take.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        production: bool,
        drain: float = 0.0,
        room: Room = _DEFAULT_ROOM,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self.listener = listener
        self.drain = drain
        self._connections = Connections(limits, most=room.connections)
        self._config = uvicorn.Config(
            app,
            http=protocol(self._connections, production=production),
            ws="none",  # Otherwise uvicorn would answer upgrades by itself, and log their query strings.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=room.backlog,
            timeout_graceful_shutdown=GRACE_SECONDS + _LAST_SECONDS,
        )
        self._server = _Server(self._config, self._connections, drain=drain)

    def run(self, *, lifeline: int | None = None) -> None:
        """Serve until SIGINT, SIGTERM or `stop`, and answer what has begun.

        Args:
            lifeline: The reading end of a pipe to which nobody writes; its end, too, ends the server.
        """
        self._server.has_parent = lifeline is not None
        with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
            runner.run(self._serve(lifeline))

    def stop(self) -> None:
        """Have `run` end without a drain, from whichever thread."""
        self._server.should_exit = True

    async def _serve(self, lifeline: int | None) -> None:
        if lifeline is not None:
            asyncio.get_running_loop().add_reader(lifeline, self._lose, lifeline)
        watch = asyncio.create_task(self._connections.watch())
        try:
            await self._server.serve([self.listener])
        finally:
            watch.cancel()

    def _lose(self, lifeline: int) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        self.stop()


class _Server(uvicorn.Server):
    """uvicorn's server, which takes its leave in three steps: it drains, accepts nothing new, and gives up.

    Attributes:
        has_parent: Whether it is a worker, whose parent tells it what signals it got.
    """

    def __init__(self, config: uvicorn.Config, connections: Connections, *, drain: float) -> None:
        super().__init__(config)
        self._connections = connections
        self._drain = drain
        self._drained_at: float | None = None
        self.has_parent = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal; at the second one accept nothing more, and at a SIGINT after that do not wait."""
        # Spec: features/operations.md#OPS-120 features/operations.md#OPS-122
        if self._drained_at is None:
            self._drained_at = time.monotonic() + self._drain
        elif sig == SHORTEN or not self.has_parent:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Tell whether the time has come to accept nothing more."""
        if self._drained_at is not None:
            if not self._connections.is_draining:
                self._connections.drain()
                _log.info("draining", seconds=self._drain)
            self.should_exit = self.should_exit or time.monotonic() >= self._drained_at
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, answer what has begun, and give up what takes too long."""
        # Spec: features/operations.md#OPS-083 features/operations.md#OPS-123
        self._connections.drain()
        self._connections.is_ending = True
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._connections.give_up)
        for listener in sockets or []:
            await self._accept_the_rest(listener)
        await super().shutdown(sockets)

    async def _accept_the_rest(self, listener: socket.socket) -> None:
        """Accept the clients that are connected and wait; they would be lost with the port."""
        listener.settimeout(0)
        with suppress(OSError):  # Nobody waits any more.
            while True:
                connection, _address = listener.accept()
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> Any:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # As uvicorn makes it.
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have signals end the server while the block lasts."""
        ours = (signal.SIGTERM, SHORTEN) if self.has_parent else (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self.handle_exit) for number in ours}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
