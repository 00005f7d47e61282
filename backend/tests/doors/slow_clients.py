"""Clients that a server would rather not have, on raw sockets, and a server with little patience. It judges nothing."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from tests.doors.service import BACKEND, free_port
from tests.doors.worker_processes import wait_until

# The whole application, and a few paths beside it that do what no operation of ours does.
PROGRAM = """
import asyncio, json, resource, socket, sys
from app.config import load_settings
from app.main import create_app
from app.middleware.beside import Door
from app.http.problems import DIALECT
from app.server.http_server import HttpServer
from app.server.limits import Limits, make_room
from app.server.signals import leave_on_signals
from app.utils.logging import configure_logging
from app.utils.outcomes import note_commit

class LongRoute:
    long_running = True

async def answer(send, chunks):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for chunk in chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})

async def beside(scope, receive, send):
    path = scope["path"].removeprefix("/test")
    if path == "/echo":
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message.get("more_body", False)
        await answer(send, [str(size).encode()])
    elif path == "/large":
        await answer(send, [b"x" * 65536] * 1024)
    elif path == "/whole":
        await answer(send, [b"x" * 65536 * 1024])
    else:
        if path == "/long":
            scope["route"] = LongRoute()
        if path == "/committing":
            note_commit()
        await asyncio.sleep(float(scope["query_string"] or b"60"))
        await answer(send, [b"done"])

if files := int(sys.argv[2]):
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
settings = load_settings()
leave_on_signals()
listener = socket.create_server(("127.0.0.1", settings.port))
app = create_app(settings, beside={"/test": lambda runtime: Door(beside, DIALECT)})
limits, drain = json.loads(sys.argv[1]), settings.drain_seconds or 0.0
configure_logging(as_json=True, debug=False)
room = make_room(settings)
HttpServer(app, listener, production=False, drain=drain, room=room, limits=Limits(**limits)).run()
"""


class Server(NamedTuple):
    """A server that runs in a process of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    def connect(self, *, buffer: int | None = None) -> socket.socket:
        """Open a connection, with a receive buffer of a certain size if one is given."""
        connection = socket.socket()
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one kind."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def is_alive(self) -> bool:
        """Tell whether it answers somebody who comes now."""
        return self._answers("/health/live")

    def is_ready(self) -> bool:
        """Tell whether it and its database answer somebody who comes now."""
        return self._answers("/health/ready")

    def _answers(self, path: str) -> bool:
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}{path}", timeout=10).status_code == 200
        except httpx2.TransportError:
            return False


@contextmanager
def impatient(
    folder: Path, database_url: str, *, limits: dict[str, float], files: int | None = None, **environment: str
) -> Iterator[Server]:
    """Run the service with limits of its own until the block ends, and with no more than so many files."""
    port, log = free_port(), folder / "server.log"
    settings = {"DATABASE_URL": database_url, "BETTER_AUTH_SECRET": "x" * 40, "AGENDUM_PORT": str(port)}
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    seen = {"PATH": os.environ["PATH"]} | settings | measured | environment
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(limits), str(files or 0)],
            cwd=BACKEND,
            env=seen,
            stdout=output,
            stderr=output,
        )
    server = Server(port, process, log)
    try:
        wait_until(lambda: process.poll() is not None or server.is_alive(), seconds=40)
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


def head(method: str, path: str, **headers: str) -> bytes:
    """Return the head of a request."""
    said = {"Host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(
        [f"{method} {path} HTTP/1.1\r\n", *(f"{n}: {v}\r\n" for n, v in said.items()), "\r\n"]
    ).encode()


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    received = []
    try:
        while more := connection.recv(1024 * 1024):
            received.append(more)
    except ConnectionResetError:
        pass
    return b"".join(received)


def one_answer(connection: socket.socket) -> bytes:
    """Read a whole answer, with a body that says how long it is or comes in chunks."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += (more := connection.recv(65536))
        assert more, received
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.split()[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while len(body) < int(lengths[0]) if lengths else not body.endswith(b"0\r\n\r\n"):
        body += (more := connection.recv(65536))
        assert more, received
    return head + b"\r\n\r\n" + body


def drip(connection: socket.socket, drop: bytes, *, pause: float) -> bytes:
    """Send the same bytes over and over, until there is an answer or an end, and return what came."""
    connection.settimeout(pause)
    while True:
        try:
            connection.sendall(drop)
            received = connection.recv(65536)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
        connection.settimeout(30)
        return received + (read_to_end(connection) if received else b"")
