"""What many large bodies at once cost the process that refuses them."""

import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import pytest

from tests.doors.service import Service, running, scratch_folder

CONNECTIONS, CHUNKS, BEFORE_THE_LIMIT = 50, 800, 15
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
MEBIBYTE = 1024 * 1024
# Half of what is promised: without turns it is 15 to 30 MB.
MOST_GROWTH = 10 * MEBIBYTE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux",
    reason="the kernel tells how much memory a process had at most, and no other does",
)


@pytest.fixture
def service() -> Iterator[Service]:
    with scratch_folder() as folder, running(folder) as service:
        yield service


def most_memory(service: Service) -> int:
    """Return how many bytes the process has had at most since it was forgotten, and forget it."""
    process = Path("/proc") / str(service.process.pid)
    [line] = [line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM")]
    (process / "clear_refs").write_text("5")
    return int(line.split()[1]) * 1024


def pour(service: Service, head: bytes, *, together: Barrier) -> tuple[int, bytes]:
    """Send 50 MB in chunks for as long as somebody takes them.

    Return how much was sent, and the beginning of the answer.

    Just below the limit it waits for the others, so that all of them are in hand at once if they are taken at all.
    """
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        sent = 0
        with suppress(OSError):
            connection.sendall(head)
            for _chunk in range(BEFORE_THE_LIMIT):
                connection.sendall(CHUNK)
                sent += len(CHUNK)
        together.wait(60)
        with suppress(OSError):
            for _chunk in range(CHUNKS - BEFORE_THE_LIMIT):
                connection.sendall(CHUNK)
                sent += len(CHUNK)
        answer = b""
        with suppress(OSError):
            answer = connection.recv(65536)
        return sent, answer


def head_of(path: str, headers: dict[str, str]) -> bytes:
    sent = {"Host": "localhost", "Content-Type": "application/json", "Transfer-Encoding": "chunked"} | headers
    return (
        f"POST {path} HTTP/1.1\r\n".encode()
        + b"".join(f"{name}: {value}\r\n".encode() for name, value in sent.items())
        + b"\r\n"
    )


@pytest.mark.spec("OPS-030", "OPS-031", "OPS-002")
@pytest.mark.parametrize(
    ("path", "known"), [("/api/tasks", False), ("/auth/login", False), ("/api/tasks", True)]
)
def test_fifty_bodies_of_fifty_megabytes_at_once_cost_little(
    service: Service, path: str, *, known: bool
) -> None:
    """S30."""
    head = head_of(path, service.sign_in() if known else {})
    pour(service, head, together=Barrier(1))
    most_memory(service)
    before, together = most_memory(service), Barrier(CONNECTIONS)
    with ThreadPoolExecutor(CONNECTIONS) as clients:
        answers = list(
            clients.map(lambda _client: pour(service, head, together=together), range(CONNECTIONS))
        )
    grown = most_memory(service) - before
    heard = {answer[9:12] for _sent, answer in answers if answer}
    assert heard <= ({b"413", b"429", b"503"} if known or path == "/auth/login" else {b"401"})
    # Most of what was sent was never read: the kernel held it for the process.
    assert max(sent for sent, _answer in answers) < 16 * MEBIBYTE
    assert grown < MOST_GROWTH
    assert service.client.get("/health/ready").status_code == 200
