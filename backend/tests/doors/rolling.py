"""Two processes of the service over one database, behind a small balancer, that are restarted in turns under load.

The balancer asks for readiness, and never sends a request twice. As a program, with an empty database as DATABASE_URL,
this restarts them until so many requests were made: `python -m tests.doors.rolling 20000`.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import asyncpg

from tests.doors.service import Service, free_port, scratch_folder
from tests.doors.worker_processes import PRODUCTION

# Seconds between two questions for readiness, until one that is not answered means no, and for which a connection is
# kept that nothing is asked on: as with every balancer, it must be shorter than the service keeps it.
_PAUSE, _PATIENCE, _IDLE = 0.1, 2.0, 1.0


class Figures(NamedTuple):
    """What became of the requests.

    Attributes:
        statuses: How many answers there were of each status.
        lost: Requests that got no whole answer.
        restarts: How often a process ended and came back.
        exits: With which statuses processes ended.
        kept: How many tasks are in the database, of those whose creation was answered.
        created: How many creations were answered.
    """

    statuses: Counter[int]
    lost: list[str]
    restarts: int
    exits: set[int]
    kept: int
    created: int


class Balancer:
    """Sends each request to one of those that are ready.

    Args:
        ports: Where they listen.
    """

    def __init__(self, ports: list[int]) -> None:
        self.ready: set[int] = set()
        self._idle: dict[int, list[tuple[float, StreamReader, StreamWriter]]] = {port: [] for port in ports}
        self._turns = itertools.cycle(ports)

    async def watch(self, port: int) -> None:
        """Ask one of them for its readiness over and over."""
        while True:
            is_ready = False
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(_PATIENCE):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(
                        b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    )
                    is_ready = (await one_message(reader)).startswith(b"HTTP/1.1 200 ")
                    writer.close()
            (self.ready.add if is_ready else self.ready.discard)(port)
            await asyncio.sleep(_PAUSE)

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Hand on what comes over one connection; where there is no answer, the connection ends."""
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    writer.write(await self._forward(await one_message(reader)))
        finally:
            writer.close()

    def close(self) -> None:
        """Close what is kept."""
        for _since, _reader, writer in itertools.chain(*self._idle.values()):
            writer.close()

    async def _forward(self, request: bytes) -> bytes:
        port = next(port for port in self._turns if port in self.ready or not self.ready)
        reader, writer = await self._connect(port)
        answer = None
        try:
            writer.write(request)
            answer = await one_message(reader)
        finally:
            if answer is None or b"\r\nconnection: close\r\n" in answer.lower():
                writer.close()
        if not writer.is_closing():
            self._idle[port].append((time.monotonic(), reader, writer))
        return answer

    async def _connect(self, port: int) -> tuple[StreamReader, StreamWriter]:
        """Return a connection that was used just now, or a new one."""
        while self._idle[port]:
            since, reader, writer = self._idle[port].pop()
            if time.monotonic() - since < _IDLE and not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", port)


async def one_message(reader: StreamReader) -> bytes:
    """Read a whole request or answer, whose body is as long as it says."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.split()[1]) for line in lines if line.startswith(b"content-length:")), 0)
    return head + await reader.readexactly(length)


class Clients:
    """People who create tasks one after the other, on connections that they keep.

    Args:
        port: Where they ask.
        token: Who they are.
    """

    def __init__(self, port: int, token: str) -> None:
        self.statuses: Counter[int] = Counter()
        self.lost: list[str] = []
        self.enough = asyncio.Event()
        self._port = port
        body = json.dumps({"title": "Pay rent"})
        self._request = (
            f"POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def work(self) -> None:
        """Create until it is enough; a connection that is lost is replaced, and its request counted."""
        while not self.enough.is_set():
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            try:
                while not self.enough.is_set():
                    writer.write(self._request)
                    answer = await one_message(reader)
                    self.statuses[int(answer.split()[1])] += 1
            except (OSError, asyncio.IncompleteReadError) as problem:
                self.lost.append(repr(problem))
            finally:
                writer.close()


async def roll(database_url: str, folder: Path, *, requests: int, drain: float, people: int = 8) -> Figures:
    """Restart both processes in turns, each at least once, while so many requests are made.

    Args:
        database_url: An empty or migrated database.
        folder: Where the processes write.
        requests: How many, at least.
        drain: For how many seconds a process goes on serving.
        people: How many clients there are.
    """
    settings = PRODUCTION | {"DATABASE_URL": database_url, "AGENDUM_DRAIN_SECONDS": str(drain)}
    services = [await started(settings, folder, free_port()) for _process in range(2)]
    me = services[0].sign_in()
    balancer = Balancer([service.port for service in services])
    door = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
    watches = [asyncio.create_task(balancer.watch(service.port)) for service in services]
    await until_all_are_ready(balancer)
    clients = Clients(door.sockets[0].getsockname()[1], me["Authorization"])
    work = [asyncio.create_task(clients.work()) for _client in range(people)]
    exits, restarts = set(), 0
    while restarts < 2 or clients.statuses.total() < requests:
        old = services[restarts % 2]
        exits.add(await asyncio.to_thread(old.end, signal.SIGTERM))
        old.client.close()
        services[restarts % 2] = await started(settings, folder, old.port)
        restarts += 1
        await until_all_are_ready(balancer)
    clients.enough.set()
    await asyncio.gather(*work)
    kept = await count_tasks(database_url)
    for watch in watches:
        watch.cancel()
    door.close()
    balancer.close()
    for service in services:
        exits.add(await asyncio.to_thread(service.end, signal.SIGTERM))
        service.client.close()
    return Figures(clients.statuses, clients.lost, restarts, exits, kept, clients.statuses[201])


async def count_tasks(database_url: str) -> int:
    """Return how many tasks there are of everybody, as the owner of the server sees them."""
    connection = await asyncpg.connect(dsn=database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM agendum.task"))
    finally:
        await connection.close()


async def started(settings: dict[str, str], folder: Path, port: int) -> Service:
    """Start one process and wait until it is ready."""
    service = Service(settings | {"AGENDUM_PORT": str(port)}, folder / f"{port}.log")
    await asyncio.to_thread(service.wait_until_ready)
    return service


async def until_all_are_ready(balancer: Balancer) -> None:
    """Wait until the balancer knows that both are ready."""
    while len(balancer.ready) < 2:  # noqa: ASYNC110 (what it waits for is asked for again and again)
        await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    with scratch_folder() as scratch:
        found = asyncio.run(roll(os.environ["DATABASE_URL"], scratch, requests=int(sys.argv[1]), drain=5))
    print(found)  # noqa: T201 (a report)
