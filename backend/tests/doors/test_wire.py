"""What the service answers and writes down when what arrives is no ordinary request, byte for byte over a socket."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doors.service import Service, running, scratch_folder

HOST = b"Host: localhost\r\n"
UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
BROKEN_BODY = (
    b"POST /auth/login HTTP/1.1\r\n"
    + HOST
    + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nSECRET123\r\n"
)


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    secret = "0123456789abcdef" * 3
    with (
        scratch_folder() as folder,
        running(
            folder, AGENDUM_ENV="production", DATABASE_URL=database_url, BETTER_AUTH_SECRET=secret
        ) as service,
    ):
        yield service


def exchange(service: Service, *parts: bytes) -> list[tuple[bytes, Any]]:
    """Send parts over one connection, half closed after the last, and return head and JSON body of every answer."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        received = b""
        for part in parts[:-1]:
            connection.sendall(part)
            received += connection.recv(65536)
        connection.sendall(parts[-1])
        while more := connection.recv(65536):
            received += more
    answers = [answer.partition(b"\r\n\r\n") for answer in received.split(b"HTTP/1.1 ")[1:]]
    return [(head, json.loads(body)) for head, _, body in answers]


def written(service: Service, request_id: str) -> list[dict[str, Any]]:
    """Return what the log says about a request."""
    return [json.loads(line) for line in service.log.read_text().splitlines() if request_id in line]


@pytest.mark.spec("OPS-001", "OPS-005")
def test_an_upgrade_is_an_ordinary_request_and_its_query_is_not_logged(service: Service) -> None:
    request = (
        b"GET /ws?access_token=SECRET123 HTTP/1.1\r\n" + HOST + UPGRADE + b"X-Request-ID: upgrade-1\r\n\r\n"
    )
    closing = b"GET /ws HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    first, second = exchange(service, request, closing)
    assert (first[1]["status"], first[1]["request_id"], second[1]["status"]) == (404, "upgrade-1", 404)
    assert [entry["event"] for entry in written(service, "upgrade-1")] == ["request"]
    log = service.log.read_text()
    assert not any(word in log for word in ("SECRET123", "websocket", "WebSocket", "pgrade request"))


@pytest.mark.spec("OPS-001", "OPS-004", "OPS-005", "OPS-007")
@pytest.mark.parametrize(
    "garbage",
    [
        b"SECRET123\r\n\r\n",
        b"\x16\x03\x01SECRET123",
        b"GET /SECRET123\x00 HTTP/1.1\r\n\r\n",
        b"GET SECRET123 HTTP/9\r\n\r\n",
        BROKEN_BODY,
    ],
)
def test_what_is_not_http_is_answered_and_logged_as_any_other_error(service: Service, garbage: bytes) -> None:
    [(head, problem)] = exchange(service, garbage)
    assert head.startswith(b"400 ")
    assert all(
        f"\r\n{name}: ".encode() in head
        for name in ("x-content-type-options", "strict-transport-security", "x-request-id")
    )
    assert b"\r\ncontent-type: application/problem+json" in head
    assert b"\r\nconnection: close" in head
    assert problem["code"] == "MALFORMED_REQUEST"
    [line] = written(service, problem["request_id"])
    assert (line["status"], line["level"], line["route"]) == (400, "warning", None)
    assert not any(word in service.log.read_text() for word in ("SECRET123", "Invalid HTTP"))


@pytest.mark.spec("OPS-001")
def test_a_request_before_the_malformed_one_has_its_answer_first(service: Service) -> None:
    first, second = exchange(service, LIVE + b"SECRET123\r\n\r\n")
    assert (first[0][:3], second[0][:3]) == (b"200", b"400")
    first, second = exchange(service, LIVE, b"SECRET123\r\n\r\n")
    assert (first[0][:3], second[0][:3]) == (b"200", b"400")


def test_a_malformed_body_behind_a_request_that_is_served_ends_the_connection(service: Service) -> None:
    assert exchange(service, LIVE + BROKEN_BODY) == []
