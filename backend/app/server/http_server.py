"""Serves the application over HTTP on a socket, in whichever process it is run. It starts no process."""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

from app.server.protocol import protocol

# Seconds that requests which have begun may take once the server is to end.
GRACE_SECONDS = 10


class HttpServer:
    """The application on a socket that is bound.

    Args:
        app: The application.
        listener: The socket; several processes may serve on the same one.
        production: Whether answers have the headers of production.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, *, production: bool) -> None:
        self.listener = listener
        self._config = uvicorn.Config(
            app,
            http=protocol(production=production),
            ws="none",  # Otherwise uvicorn would answer upgrades by itself, and log their query strings.
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        self._server = uvicorn.Server(self._config)

    def run(self, *, lifeline: int | None = None) -> None:
        """Serve until SIGINT, SIGTERM or `stop`, and answer what has begun.

        Args:
            lifeline: The reading end of a pipe to which nobody writes; its end, too, ends the server.
        """
        with asyncio.Runner(loop_factory=self._config.get_loop_factory()) as runner:
            runner.run(self._serve(lifeline))

    def stop(self) -> None:
        """Have `run` end, from whichever thread."""
        self._server.should_exit = True

    async def _serve(self, lifeline: int | None) -> None:
        if lifeline is not None:
            asyncio.get_running_loop().add_reader(lifeline, self._lose, lifeline)
        await self._server.serve([self.listener])

    def _lose(self, lifeline: int) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        self.stop()
