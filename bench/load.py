"""The load generator: raw HTTP/1.1 over keep-alive connections, as cheap as it can be, because it shares the cores.

It checks the status of every answer. It must never retry: an answer that is not the expected one fails the run.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

from bench.servers import HOST

_GRACE_SECONDS = 30
_LENGTH = b"content-length: "


class UnexpectedAnswerError(ConnectionError):
    """A target answered with another status, without a length, or closed the connection."""


@dataclass
class Tally:
    """What one slice of load saw: how long it lasted and how long each answer took, in seconds."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)


class _Client(asyncio.Protocol):
    """One connection that sends the next request as soon as an answer is complete, until the deadline."""

    def __init__(self, next_request: Callable[[], bytes], *, status: int, deadline: float) -> None:
        self.done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self._next_request = next_request
        self._status = str(status).encode()
        self._deadline = deadline
        self._buffer = b""
        self._expected = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._expected:
            self._expected = self._length()
        if self._expected and len(self._buffer) >= self._expected:
            self._finish()

    def connection_lost(self, exception: Exception | None) -> None:
        self._fail(f"the connection was closed: {exception}")

    def _send(self) -> None:
        self._buffer, self._expected = b"", 0
        self._sent_at = perf_counter()
        self._transport.write(self._next_request())

    def _length(self) -> int:
        """Give the length of the whole answer, or 0 while its head is not complete."""
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4:
            return 0
        start = self._buffer[:end].lower().find(_LENGTH) + len(_LENGTH)
        if start < len(_LENGTH):
            self._fail("an answer without a length")
            return 0
        return end + int(self._buffer[start : self._buffer.index(b"\r", start)])

    def _finish(self) -> None:
        now = perf_counter()
        if self._buffer[9:12] != self._status:
            self._fail(self._buffer[:600].decode(errors="replace"))
            return
        self.latencies.append(now - self._sent_at)
        if now < self._deadline:
            self._send()
        elif not self.done.done():
            self.done.set_result(self._buffer)
            self._transport.close()

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(UnexpectedAnswerError(f"{self._status.decode()} expected: {reason}"))
        self._transport.close()


async def run(
    port: int, next_request: Callable[[], bytes], *, status: int, concurrency: int, seconds: float
) -> Tally:
    """Load a target for some seconds with one request in flight on each connection.

    Raises:
        UnexpectedAnswerError: one answer was not the expected one.
    """
    started = perf_counter()
    clients = [_Client(next_request, status=status, deadline=started + seconds) for _ in range(concurrency)]
    await _finish(port, clients, seconds=seconds + _GRACE_SECONDS)
    return Tally(perf_counter() - started, [latency for client in clients for latency in client.latencies])


async def fetch(port: int, request: bytes, *, status: int) -> bytes:
    """Send one request and give the body of its answer."""
    client = _Client(lambda: request, status=status, deadline=0.0)
    (answer,) = await _finish(port, [client], seconds=_GRACE_SECONDS)
    return answer.partition(b"\r\n\r\n")[2]


async def _finish(port: int, clients: Sequence[_Client], *, seconds: float) -> list[bytes]:
    """Connect the clients, wait for their last answers, and leave no connection behind."""
    async with asyncio.timeout(seconds):
        transports = [await _connect(port, client) for client in clients]
        try:
            return list(await asyncio.gather(*(client.done for client in clients)))
        finally:
            for transport in transports:
                transport.close()


async def _connect(port: int, client: _Client) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: client, HOST, port)
    return transport
