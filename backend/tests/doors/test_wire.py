"""What the service answers and writes down when what arrives is no ordinary request, byte for byte over a socket."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.doors.service import Service, running, scratch_folder
from tests.doors.worker_processes import wait_until
from tests.server import copy_database, drop_database, run, url_of

HOST = b"Host: localhost\r\n"
POST = b"POST /auth/login HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CHUNKED, LENGTH = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n"
# A request that nobody may see as one: it is hidden behind what two programs might read differently.
HIDDEN = b"GET /health/live?SMUGGLED HTTP/1.1\r\n" + HOST + b"\r\n"
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
def service(template: str) -> Iterator[Service]:
    """A service over a database of its own: whoever signs in stays there."""
    name, secret = f"own_{uuid7().hex}", "0123456789abcdef" * 3
    run(copy_database(template, name))
    settings = {"AGENDUM_ENV": "production", "DATABASE_URL": url_of(name), "BETTER_AUTH_SECRET": secret}
    with scratch_folder() as folder, running(folder, **settings) as service:
        yield service
    run(drop_database(name))


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


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    "request_",
    [
        POST + LENGTH + CHUNKED + b"\r\n0\r\n\r\n",
        POST + CHUNKED + LENGTH + b"\r\n0\r\n\r\n",
        POST + LENGTH + b"Content-Length: 5\r\n\r\n{  }",
        POST + LENGTH + LENGTH + b"\r\n{  }",
        POST + b"Content-Length: 4, 4\r\n\r\n{  }",
        POST + b"Content-Length: +4\r\n\r\n{  }",
        POST + b"Content-Length : 4\r\n\r\n{  }",
        POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
        POST + CHUNKED + b"\r\n1\n{\r\n0\r\n\r\n",
        POST + CHUNKED + b"\r\n1;a\nb\r\n{\r\n0\r\n\r\n",
        POST + CHUNKED + b"\r\n0x1\r\n{\r\n0\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n" + HOST + b"X-Folded: a\r\n b\r\n\r\n",
        b"GET /health/live HTTP/1.1\nHost: localhost\n\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\nX-A: 1\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: localhost\rX-A: 1\r\n\r\n",
    ],
)
def test_a_request_that_two_programs_might_read_differently_is_refused_and_closes(
    service: Service, request_: bytes
) -> None:
    """S45: two lengths, a length and chunks, folded lines, bare line ends: 400, and nothing behind it is heard."""
    [(head, problem)] = exchange(service, request_ + HIDDEN)
    assert (head[:3], problem["code"]) == (b"400", "MALFORMED_REQUEST")
    assert b"\r\nconnection: close" in head
    assert "SMUGGLED" not in service.log.read_text()


@pytest.mark.spec("AUTH-009", "OPS-053")
@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (b"/api/tasks", b"Host: localhost/health/live?x=\r\n"),
        (b"/api/tasks", b"Host: a/../health/live#\r\n"),
        (
            b"/api/tasks",
            b"Host: localhost\r\nX-Original-URL: /health/live\r\nX-Rewrite-URL: /health/live\r\n",
        ),
        (
            b"/api/tasks",
            b"Host: localhost\r\nX-User-ID: 1\r\nX-Forwarded-User: ada\r\nX-Real-IP: 127.0.0.1\r\n",
        ),
        (b"/api/tasks", b"Host: localhost\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Prefix: /health\r\n"),
        (b"/api/tasks", b"Host: localhost\r\nHost: other\r\n"),
        (b"http://localhost/api/tasks", b"Host: other\r\n"),
    ],
)
def test_no_header_opens_what_the_address_does_not(service: Service, target: bytes, headers: bytes) -> None:
    """S43: Host, X-Original-URL and the like change neither who is asked for nor where an answer points."""
    [(head, problem)] = exchange(
        service, b"GET " + target + b" HTTP/1.1\r\n" + headers + b"Connection: close\r\n\r\n"
    )
    assert (head[:3], problem["code"]) == (b"401", "UNAUTHENTICATED")
    assert not any(word in head for word in (b"evil", b"other"))


@pytest.mark.spec("AUTH-009")
@pytest.mark.parametrize("name", [b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override"])
def test_no_header_makes_another_method(service: Service, name: bytes) -> None:
    """S43: a POST to what has only GET stays one."""
    request = (
        b"POST /health/live HTTP/1.1\r\n"
        + HOST
        + name
        + b": GET\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    [(head, problem)] = exchange(service, request)
    assert (head[:3], problem["code"]) == (b"405", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "path", [b"@x", b"//health/live", b"/health/../api/tasks", b"/%2e%2e/api/tasks", b"/api/tasks/"]
)
def test_no_path_is_read_as_another_one(service: Service, path: bytes) -> None:
    """S43: what is not an address of ours to the letter is none."""
    [(head, _problem)] = exchange(
        service, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    )
    assert head[:3] in (b"400", b"404")


@pytest.mark.spec("OPS-002", "OPS-030")
@pytest.mark.parametrize("size", [b"Content-Length: 1048577\r\n", b"Content-Length: 9999999999\r\n", CHUNKED])
def test_a_body_that_is_too_large_is_refused_before_much_of_it_is_read(service: Service, size: bytes) -> None:
    """S30: over the wire, announced or not, and never more than two MiB of it."""
    me = service.sign_in()["Authorization"].encode()
    head = (
        b"POST /api/tasks HTTP/1.1\r\n"
        + HOST
        + b"Content-Type: application/json\r\nAuthorization: "
        + me
        + b"\r\n"
    )
    piece = b"1000\r\n" + b" " * 4096 + b"\r\n" if size == CHUNKED else b" " * 4096
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.sendall(head + size + b"\r\n")
        with suppress(ConnectionError):
            while sent < 50 * 1024 * 1024 and not select.select([connection], [], [], 0)[0]:
                connection.sendall(piece)
                sent += 4096
        with suppress(ConnectionResetError):  # What it had not read of the body is why.
            assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
    assert sent < 8 * 1024 * 1024
    wait_until(
        lambda: any(line["status"] == 413 and line["route"] == "/api/tasks" for line in requests(service))
    )


def requests(service: Service) -> list[dict[str, Any]]:
    """Return the log lines of all requests."""
    return [
        line
        for line in map(json.loads, filter(is_json, service.log.read_text().splitlines()))
        if "route" in line
    ]


def is_json(line: str) -> bool:
    return line.startswith("{")
