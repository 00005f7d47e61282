"""HTTP on the wire: uvicorn's protocol, with answers of ours to what is no request in time. It knows no route."""

import asyncio
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.middleware.envelope import Envelope
from app.schemas.plain_problems import plain_problem
from app.schemas.problem import MEDIA_TYPE
from app.server.connections import Connections
from app.utils.allowances import Allowance

# What a reader has taken when the transport asks for more: from the high-water mark of its buffer down to the low one.
_TAKEN = 48 * 1024


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    status = scope["state"]["refused"]
    body = plain_problem(status, scope["state"]["request_id"])
    await Response(body, status, {"Connection": "close"}, MEDIA_TYPE)(scope, receive, send)


class Protocol(HttpToolsProtocol):
    """One connection, whose client is given only so long for whatever it does.

    Malformed requests, and those that do not come in time, are answered and logged as every other error is.
    """

    house: ClassVar[Connections]
    refuse: ClassVar[Any]

    # Until when a whole head must be there, while none is; whether some of it is.
    _head_due: float | None = None
    _has_begun_head = False
    # When it was made, or its last request answered.
    _heard = 0.0
    # The request that the application has, its task, and since when there was nothing more of it to come.
    _running: RequestResponseCycle | None = None
    _task: "asyncio.Task[None] | None" = None
    _running_since = 0.0
    # How long the client may still take for the body that it sends, and for the answer that it reads.
    _sending: Allowance | None = None
    _reading: Allowance | None = None
    _unread = 0
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As uvicorn has it.
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._heard = self.loop.time()
        self._head_due = self._heard + self.house.limits.head
        self.house.add(self)

    def connection_lost(self, problem: Exception | None) -> None:
        """End whatever was going on."""
        self.house.drop(self)
        super().connection_lost(problem)

    def on_message_begin(self) -> None:
        """Begin a head; the first one of a connection has been due since that was made."""
        super().on_message_begin()
        if self.cycle is not None:
            self._head_due = self.loop.time() + self.house.limits.head
        self._has_begun_head = True

    def on_headers_complete(self) -> None:
        """Hand the request to the application."""
        self.house.ask(self)
        self._head_due, self._has_begun_head, self._sending = None, False, None
        super().on_headers_complete()
        if self.house.is_draining:
            # Spec: features/operations.md#OPS-120 features/operations.md#OPS-121
            self.scope["state"]["is_ending"] = True
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Gather some of a body."""
        if self._sending is not None:
            self._sending.earn(len(body), now=self.loop.time())
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the application has all of its request."""
        super().on_message_complete()
        if self._running is self.cycle:
            self._running_since = self.loop.time()

    def on_response_complete(self) -> None:
        """Begin the next request, or to wait for it; uvicorn's own timer for that is not needed."""
        self.server_state.total_requests += 1
        self._running = self._task = None
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._heard = self.loop.time()
        self.house.wait(self)
        if not self._has_begun_head:
            self._head_due = self._heard + self.house.limits.idle
        if self.house.is_ending:
            self.shutdown()

    def resume_writing(self) -> None:
        """Note that the client goes on reading."""
        if self._reading is not None:
            self._reading.earn(_TAKEN, now=self.loop.time())
        super().resume_writing()

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def look(self, now: float) -> None:
        """Close the connection, or answer it, if its time is over."""
        if self._is_unread(now):
            # Spec: features/operations.md#OPS-113
            self.house.note_unread()
            self.transport.abort()
        elif self.transport.is_closing():
            return
        elif self._head_due is not None and now > self._head_due:
            # Spec: features/operations.md#OPS-110 features/operations.md#OPS-111
            if self._has_begun_head:
                self.refuse_with(408)
            else:
                self.transport.close()
        elif self._running is not None and not self._running.response_complete:
            self._look_at(self._running, now)

    def _is_unread(self, now: float) -> bool:
        """Tell whether the client has stopped reading what it was answered, or reads too slowly."""
        before, self._unread = self._unread, (unread := self.transport.get_write_buffer_size())
        if unread == 0:
            self._reading = None
        elif self._reading is None:
            seconds, rate = self.house.limits.reading, self.house.limits.reading_rate
            self._reading = Allowance(now, seconds=seconds, rate=rate)
        elif unread < before:
            self._reading.earn(before - unread, now=now)
        return self._reading is not None and now > self._reading.ends

    def _look_at(self, running: RequestResponseCycle, now: float) -> None:
        limits, is_sent = self.house.limits, not running.more_body
        if is_sent or self.flow.read_paused:
            self._sending = None
        elif self._sending is None:
            self._sending = Allowance(now, seconds=limits.body, rate=limits.body_rate)
        if self._sending is not None and now > self._sending.ends:
            # Spec: features/operations.md#OPS-112
            self.refuse_with(408)
        elif now - self._running_since > (limits.request if is_sent else limits.whole_request):
            self.give_up()

    def give_up(self) -> None:
        """Have the application answer that its request took too long, unless a part of it may be done already."""
        # Spec: features/operations.md#OPS-114 features/operations.md#OPS-115
        running, task = self._running, self._task
        if running is None or task is None or running.response_started:
            return
        outcome = running.scope["state"].get("outcome")
        route = running.scope.get("route")
        if (
            outcome is None
            or outcome.is_committing
            or outcome.is_given_up
            or (getattr(route, "long_running", False) and not self.house.is_ending)
        ):
            return
        outcome.is_given_up = True
        task.cancel()

    def say_farewell(self) -> None:
        """Tell the client with the next answer that the connection ends with it."""
        if self._running is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Have the connection end: after what it asks, or is asking, or may be asking now."""
        # Spec: features/operations.md#OPS-123
        self.say_farewell()
        if self._running is None and not self._has_begun_head:
            rest = self._heard + self.house.limits.linger - self.loop.time()
            self.loop.call_later(max(0.0, rest), self._leave)

    def _leave(self) -> None:
        """Close the connection if it still asks nothing."""
        if self._running is None and not self._has_begun_head and not self.transport.is_closing():
            self.transport.close()

    def send_400_response(self, _message: str) -> None:
        """Answer what the parser gave up on, after the requests before it, and close."""
        # Spec: features/operations.md#OPS-001
        self.refuse_with(400)

    def refuse_with(self, status: int) -> None:
        """Answer with an error after the requests before it, and close."""
        if self._is_refused:
            return
        self._is_refused, self._head_due = True, None
        self.house.ask(self)
        self.flow.pause_reading()
        running, self.cycle = self.cycle, self._closing_cycle(status)
        if running is None or running.response_complete:  # type: ignore[redundant-expr]  # There is none before the first request.
            self._start_asgi_task(self.cycle, self.refuse)
        elif not running.more_body:
            self.pipeline.appendleft((self.cycle, self.refuse))
        else:
            self._abandon(running)

    def _abandon(self, running: RequestResponseCycle) -> None:
        """Answer for a request whose own body is at fault: to the application it is one whose client went away."""
        running.disconnected = True
        running.message_event.set()
        if running.response_started or self.pipeline:
            self.transport.close()
        else:
            self._start_asgi_task(self.cycle, self.refuse)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running, self._running_since = cycle, self.loop.time()
        self._task = task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _closing_cycle(self, status: int) -> RequestResponseCycle:
        scope: Any = {"type": "http", "method": None, "headers": [], "state": {"refused": status}}
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


def protocol(house: Connections, *, production: bool) -> type[Protocol]:
    """Return the protocol of the connections of one process, whose answers have the headers of production or not."""
    refuse = staticmethod(Envelope(_refuse, production=production))
    return type("Protocol", (Protocol,), {"refuse": refuse, "house": house})
