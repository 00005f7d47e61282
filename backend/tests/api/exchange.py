"""Sends a request to the application as a server does, chunk by chunk, and tells what was read of it."""

import asyncio
import json
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from tests.people import Person

JSON = b"application/json"


class Exchange(NamedTuple):
    """The messages of an answer, and how many chunks of the body were read."""

    sent: list[Any]
    read: int

    @property
    def status(self) -> int | None:
        """The status of the answer, or None if there is none."""
        return self.sent[0]["status"] if self.sent else None

    @property
    def closes(self) -> bool:
        """Whether the answer closes the connection."""
        return bool(self.sent) and (b"connection", b"close") in self.sent[0]["headers"]


_SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "scheme": "http",
    "server": ("agendum.test", 80),
    "client": None,
    "root_path": "",
    "query_string": b"",
}


async def exchange(
    app: ASGIApp,
    target: str,
    chunks: list[bytes],
    *,
    token: str | None = None,
    length: bytes | None = None,
    kind: bytes = JSON,
    breaks_off: bool = False,
) -> Exchange:
    """Send a method and a path with a body in chunks, chunked unless its length is announced.

    It may break off after the last of them.
    """
    sent: list[Any] = []
    left = list(chunks)
    method, path = target.split()

    async def receive() -> dict[str, Any]:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left) or breaks_off}

    async def send(message: Any) -> None:
        sent.append(message)

    size = (b"transfer-encoding", b"chunked") if length is None else (b"content-length", length)
    headers = [(b"content-type", kind), size]
    headers += [] if token is None else [(b"authorization", token.encode())]
    await app(_SCOPE | {"method": method, "path": path, "headers": headers}, receive, send)
    return Exchange(sent, len(chunks) - len(left))


LARGE = b'{"title":""'.ljust(20_000)
_REST = b',"x":1}'


class Slow:
    """A request whose body stops in the middle until it is told to go on.

    It is refused at its end, without a transaction.

    Args:
        person: Who sends it.
        start: What is sent before it stops.
        announced: Whether it says how long the body is.
    """

    def __init__(self, person: Person, start: bytes = LARGE, *, announced: bool = True) -> None:
        length = (
            (b"content-length", str(len(start + _REST)).encode())
            if announced
            else (b"transfer-encoding", b"chunked")
        )
        token = (b"authorization", str(person.client.headers["Authorization"]).encode())
        self._headers = [(b"content-type", JSON), length, token]
        self._start = start
        self.go_on = asyncio.Event()
        self.asked = 0
        self.sent: list[Any] = []

    async def send(self, app: ASGIApp) -> None:
        """Send it, and wait for the answer."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/tasks",
            "query_string": b"",
            "root_path": "",
            "headers": self._headers,
        }
        await app(
            scope | {"http_version": "1.1", "scheme": "http", "server": ("agendum.test", 80)},
            self._receive,
            self._note,
        )

    async def _receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": self._start, "more_body": True}
        await self.go_on.wait()
        return {"type": "http.request", "body": _REST, "more_body": False}

    async def _note(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.sent[0]["headers"])

    @property
    def code(self) -> str:
        return str(json.loads(self.sent[1]["body"])["code"])
