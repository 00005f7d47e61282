"""Clients of a certain worker of a service, load on all of them, and a request that has begun. It judges nothing."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import httpx2

from tests.doors.service import Service

PRODUCTION = {"AGENDUM_ENV": "production", "BETTER_AUTH_SECRET": "q7Xw2mZt9Lk4Vb8Rn3Py6Hs1Jd5Gf0Ca"}


@contextmanager
def clients_of(service: Service) -> Iterator[list[httpx2.Client]]:
    """Give one client for each worker, in their order, whose one connection that worker has accepted."""
    workers = service.workers()
    with ExitStack() as open_clients:
        clients = []
        for worker in workers:
            client = open_clients.enter_context(httpx2.Client(base_url=service.client.base_url, timeout=10))
            _connect(client, others=[other for other in workers if other != worker])
            clients.append(client)
        yield clients


def _connect(client: httpx2.Client, *, others: list[int]) -> None:
    """Open the connection of a client while all workers but one are frozen."""
    for other in others:
        os.kill(other, signal.SIGSTOP)
    try:
        client.get("/health/live")
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


class Load:
    """People at work: each creates task after task, and goes on with a new connection where one is lost.

    Attributes:
        acknowledged: The addresses of the tasks whose creation was answered.
        lost: How many requests got no answer.
        broken: How many of these were not refused a connection.
        refused: The answers that were none of a success.
    """

    def __init__(self, service: Service, people: list[dict[str, str]]) -> None:
        self.acknowledged: list[tuple[dict[str, str], str]] = []
        self.lost = self.broken = 0
        self.refused: list[str] = []
        self._base_url = service.client.base_url
        self._enough = Event()
        self._threads = [Thread(target=self._create, args=(person,)) for person in people]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, number: int) -> None:
        """Wait until so many more are acknowledged."""
        goal = len(self.acknowledged) + number
        wait_until(lambda: len(self.acknowledged) >= goal)

    def _create(self, person: dict[str, str]) -> None:
        while not self._enough.is_set():
            with httpx2.Client(base_url=self._base_url, timeout=10) as client:
                self._create_on(client, person)

    def _create_on(self, client: httpx2.Client, person: dict[str, str]) -> None:
        """Create on one connection for as long as it lasts."""
        try:
            while not self._enough.is_set():
                self._note(person, client.post("/api/tasks", json={"title": "Pay rent"}, headers=person))
        except httpx2.TransportError as problem:
            self.lost += 1
            self.broken += not isinstance(problem, httpx2.ConnectError)

    def _note(self, person: dict[str, str], answer: httpx2.Response) -> None:
        if answer.status_code == 201:
            self.acknowledged.append((person, answer.headers["Location"]))
        else:
            self.refused.append(answer.text)


class HalfRequest:
    """A creation of which the last byte has not been sent yet.

    Args:
        service: The service.
        headers: Who asks.
    """

    def __init__(self, service: Service, headers: dict[str, str]) -> None:
        body = b'{"title": "Begun"}'
        said = headers | {"Host": "localhost", "Content-Type": "application/json"}
        said["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self._connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
        self._connection.sendall(f"POST /api/tasks HTTP/1.1\r\n{head}\r\n".encode() + body[:-1])
        self._rest = body[-1:]

    def finish(self) -> bytes:
        """Send the rest, and return the whole answer."""
        with self._connection as connection:
            connection.sendall(self._rest)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def wait_until(true: Callable[[], bool], *, seconds: float = 20) -> float:
    """Wait until something is true, and return how long that took."""
    begin = time.monotonic()
    while not true():
        assert time.monotonic() - begin < seconds, "it did not come true"
        time.sleep(0.02)
    return time.monotonic() - begin
