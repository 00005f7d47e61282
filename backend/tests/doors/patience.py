"""Reports for how long the service, as it is in production, bears each kind of slow client; it judges nothing.

Run it as a program in `backend/`, against a service that runs: `python -m tests.doors.patience 8000`.
"""

import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.doors.slow_clients import drip, head, one_answer, read_to_end

_LOGIN = head("POST", "/auth/login", Content_Type="application/json", Content_Length="100")
_LIVE = head("GET", "/health/live")


def connect(port: int) -> socket.socket:
    """Open a connection that reads as little as possible."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(60)
    connection.connect(("127.0.0.1", port))
    return connection


def sent(connection: socket.socket, start: bytes, *, drop: bytes = b"") -> bytes:
    """Send something, then drops if there are any, and return what came before the end."""
    connection.sendall(start)
    return drip(connection, drop, pause=0.5) if drop else read_to_end(connection)


def idle(connection: socket.socket, *, drop: bytes = b"") -> bytes:
    """Ask once, and then nothing."""
    connection.sendall(_LIVE)
    return one_answer(connection)[:0] + sent(connection, b"", drop=drop)


def unread(connection: socket.socket) -> bytes:
    """Ask for very much and read nothing, until the server is gone."""
    connection.settimeout(1)
    try:
        while True:
            try:
                connection.sendall(head("GET", "/openapi.json") * 50)
            except TimeoutError:
                continue
    except ConnectionError:
        return b""


CASES: dict[str, Callable[[socket.socket], bytes]] = {
    "silent": partial(sent, start=b""),
    "half a head": partial(sent, start=_LIVE[:-2]),
    "a dripping head": partial(sent, start=_LIVE[:-2], drop=b"X-A: 1\r\n"),
    "half a body": partial(sent, start=_LOGIN + b"{"),
    "a dripping body": partial(sent, start=_LOGIN + b"{", drop=b" "),
    "nothing after an answer": idle,
    "empty lines after an answer": partial(idle, drop=b"\r\n"),
    "an unread pipeline": unread,
}


def report(port: int, name: str) -> str:
    """Try one kind of client, and say how long it was borne and what it was told."""
    with connect(port) as connection:
        begin = time.monotonic()
        told = CASES[name](connection)
        seconds = time.monotonic() - begin
    return f"{name:30} {seconds:5.1f} s  {told[9:12].decode() or 'closed'}"


if __name__ == "__main__":
    with ThreadPoolExecutor(len(CASES)) as threads:
        for line in threads.map(partial(report, int(sys.argv[1])), CASES):
            print(line)  # noqa: T201 (a report)
