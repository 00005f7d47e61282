"""HTTP on the wire: uvicorn's protocol, with our own answer to what is not HTTP at all. It knows no route."""

import asyncio
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.middleware.envelope import Envelope
from app.schemas.plain_problems import plain_problem
from app.schemas.problem import MEDIA_TYPE


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    body = plain_problem(400, scope["state"]["request_id"])
    await Response(body, 400, {"Connection": "close"}, MEDIA_TYPE)(scope, receive, send)


class Protocol(HttpToolsProtocol):
    """One connection, on which malformed requests are answered and logged as every other error is."""

    refuse: ClassVar[Any] = staticmethod(Envelope(_refuse, production=False))
    _refused = False

    def send_400_response(self, _message: str) -> None:
        """Answer what the parser gave up on, after the requests before it, and close."""
        # Spec: features/operations.md#OPS-001
        if self._refused:
            return
        self._refused = True
        self.flow.pause_reading()
        running, self.cycle = self.cycle, self._closing_cycle()
        if running is None or running.response_complete:  # type: ignore[redundant-expr]  # There is none before the first request.
            self._start_asgi_task(self.cycle, self.refuse)
        elif not running.more_body:
            self.pipeline.appendleft((self.cycle, self.refuse))
        else:
            self._abandon(running)

    def _abandon(self, running: RequestResponseCycle) -> None:
        """Answer for a request whose own body is malformed: to the application it is one whose client went away."""
        running.disconnected = True
        running.message_event.set()
        if running.response_started or self.pipeline:
            self.transport.close()
        else:
            self._start_asgi_task(self.cycle, self.refuse)

    def _closing_cycle(self) -> RequestResponseCycle:
        scope: Any = {"type": "http", "method": None, "headers": [], "state": {}}
        return RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )


def protocol(*, production: bool) -> type[Protocol]:
    """Return the protocol whose answers have the headers of production, or not."""
    return type("Protocol", (Protocol,), {"refuse": staticmethod(Envelope(_refuse, production=production))})
