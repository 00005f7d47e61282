"""Whoever sends or reads too slowly is told so and let go; everybody else is served meanwhile."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncpg
import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.doors.service import scratch_folder
from tests.doors.slow_clients import Server, drip, head, impatient, one_answer, read_to_end
from tests.doors.worker_processes import wait_until
from tests.server import connect, copy_database, drop_database, run, url_of

# Seconds, a tenth or so of what production gives; what is tested is that somebody is let go, never when.
LIMITS = {
    "head": 1.0,
    "idle": 0.5,
    "body": 1.0,
    "reading": 2.0,
    "reading_rate": 1024 * 1024,
    "request": 1.0,
    "whole_request": 3.0,
    "look": 0.05,
    "silence": 0.1,
}
LIVE = head("GET", "/health/live")
SLOW_COMMIT = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON agendum.change DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION slow();
"""
LARGE = 64 * 1024 * 1024
pytestmark = pytest.mark.xdist_group("slow_clients")


@pytest.fixture(scope="module")
def database(template: str) -> Iterator[str]:
    """The name of a migrated database that nobody else uses."""
    name = f"own_{uuid7().hex}"
    run(copy_database(template, name))
    yield name
    run(drop_database(name))


@pytest.fixture(scope="module")
def server(database: str) -> Iterator[Server]:
    with scratch_folder() as folder, impatient(folder, url_of(database), limits=LIMITS) as server:
        yield server


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the database's owner."""
    connection = await connect(database)
    yield connection
    await connection.close()


def told(answer: bytes) -> tuple[bytes, str]:
    """Return the status of an answer that closes its connection, and the code of its problem."""
    said, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in said.lower()
    return said.split(b" ")[1], json.loads(body)["code"]


def unread(server: Server) -> int:
    """Return how many answers the server says to have given up because nobody read them."""
    return sum(line["not_read"] for line in server.logged("connections closed"))


@pytest.mark.spec("OPS-110")
def test_a_silent_connection_is_closed_without_a_word(server: Server) -> None:
    with server.connect() as connection:
        assert read_to_end(connection) == b""


@pytest.mark.spec("OPS-110")
@pytest.mark.parametrize("afterwards", [b"", b"\r\n"])
def test_a_connection_on_which_nothing_more_is_asked_is_closed(server: Server, afterwards: bytes) -> None:
    """Even where what parsers pass over goes on coming."""
    with server.connect() as connection:
        connection.sendall(LIVE)
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        assert (drip(connection, afterwards, pause=0.1) if afterwards else read_to_end(connection)) == b""


@pytest.mark.spec("OPS-111")
@pytest.mark.parametrize("before", [b"", LIVE])
def test_half_a_head_is_answered_by_408(server: Server, before: bytes) -> None:
    with server.connect() as connection:
        if before:
            connection.sendall(before)
            assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(LIVE[:-2])
        assert told(read_to_end(connection)) == (b"408", "REQUEST_TIMEOUT")


@pytest.mark.spec("OPS-111")
def test_a_head_that_drips_has_no_more_time_than_one_that_does_not_come(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(LIVE[:-2])
        assert told(drip(connection, b"X-A: 1\r\n", pause=0.1)) == (b"408", "REQUEST_TIMEOUT")


@pytest.mark.spec("OPS-112")
@pytest.mark.parametrize("length", [{"Content_Length": "50000000"}, {"Transfer_Encoding": "chunked"}])
@pytest.mark.parametrize("drop", [b"", b"1\r\na\r\n"])
def test_a_body_that_stops_or_drips_is_answered_by_408(
    server: Server, length: dict[str, str], drop: bytes
) -> None:
    with server.connect() as connection:
        connection.sendall(head("POST", "/test/echo", **length))
        answer = drip(connection, drop, pause=0.1) if drop else read_to_end(connection)
        assert told(answer) == (b"408", "REQUEST_TIMEOUT")


@pytest.mark.spec("OPS-112")
def test_a_body_that_is_left_unread_and_drips_ends_after_its_answer(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head("GET", "/health/live", Content_Length="60000"))
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        assert drip(connection, b"x", pause=0.05) == b""


@pytest.mark.spec("OPS-112")
def test_a_body_that_keeps_its_pace_may_take_longer_than_a_slow_one(server: Server) -> None:
    """Pieces that give back more time than they take, for twice as long as a body may stop."""
    piece, pieces = b"x" * 64 * 1024, 20
    with server.connect() as connection:
        connection.sendall(head("POST", "/test/echo", Content_Length=str(len(piece) * pieces)))
        for _piece in range(pieces):
            connection.sendall(piece)
            time.sleep(2 * LIMITS["body"] / pieces)
        answer = one_answer(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert str(len(piece) * pieces).encode() in answer


@pytest.mark.spec("OPS-113", "OPS-117")
@pytest.mark.parametrize("path", ["/test/large", "/test/whole"])
@pytest.mark.parametrize("pace", [0, 4096])
def test_a_reader_who_stops_or_drips_is_let_go(server: Server, path: str, pace: int) -> None:
    before = unread(server)
    with server.connect(buffer=4096) as connection:
        connection.sendall(head("GET", path))
        received = len(connection.recv(4096))
        while pace and unread(server) == before:
            received += len(connection.recv(pace))
            time.sleep(0.05)
        wait_until(lambda: unread(server) > before)
        received += len(read_to_end(connection))
    assert received < LARGE


@pytest.mark.spec("OPS-113")
@pytest.mark.parametrize("path", ["/test/large", "/test/whole"])
def test_a_reader_who_keeps_up_gets_everything(server: Server, path: str) -> None:
    with server.connect() as connection:
        connection.sendall(head("GET", path, Connection="close"))
        assert len(read_to_end(connection)) > LARGE


@pytest.mark.spec("OPS-113")
def test_a_pipeline_whose_answers_nobody_reads_ends(server: Server) -> None:
    before = unread(server)
    with server.connect(buffer=4096) as connection:
        connection.settimeout(0.2)
        with suppress(TimeoutError, ConnectionError):  # The server reads no more of what it cannot answer.
            while True:
                connection.sendall(head("GET", "/openapi.json") * 100)
        wait_until(lambda: unread(server) > before)
        assert server.is_alive()


@pytest.mark.spec("OPS-110")
def test_a_pipeline_that_is_read_is_answered_in_order(server: Server) -> None:
    paths = [f"/test/echo?{number}" for number in range(50)] + ["/none"]
    with server.connect() as connection:
        connection.sendall(
            b"".join(head("GET", path) for path in paths)
            + LIVE.replace(b"Host", b"Connection: close\r\nHost")
        )
        received = read_to_end(connection)
    statuses = [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200"] * 50 + [b"404", b"200"]


@pytest.mark.spec("OPS-114")
def test_a_request_that_takes_too_long_is_503_and_the_connection_goes_on(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(head("GET", "/test/wait"))
        answer = one_answer(connection)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in answer
        assert b"DEADLINE_EXCEEDED" in answer
        connection.sendall(LIVE)
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.spec("OPS-114", "OPS-115")
@pytest.mark.parametrize("path", ["/test/long", "/test/committing"])
def test_what_may_take_longer_or_may_be_done_already_is_not_given_up(server: Server, path: str) -> None:
    with server.connect() as connection:
        connection.sendall(head("GET", f"{path}?{2 * LIMITS['request']}"))
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")


@pytest.fixture
def creator(server: Server) -> Iterator[httpx2.Client]:
    """Somebody who is logged in; on a busy machine even that may be given up, and is tried again."""
    credentials = {"email": f"{uuid7().hex}@example.com", "password": "correct horse battery"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:

        def is_known() -> bool:
            client.post("/auth/register", json=credentials | {"name": "Ada"})
            answer = client.post("/auth/login", json=credentials)
            client.headers["Authorization"] = f"Bearer {answer.json().get('access_token')}"
            return answer.status_code == 200

        wait_until(is_known)
        yield client


def create(client: httpx2.Client) -> httpx2.Response:
    return client.post("/api/tasks", json={"title": "Pay rent"})


@pytest.mark.spec("OPS-114")
async def test_what_was_given_up_was_not_done(creator: httpx2.Client, owner: asyncpg.Connection) -> None:
    """Somebody holds what a write needs for longer than the write may take."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE agendum.change IN ACCESS EXCLUSIVE MODE")
        given_up = await asyncio.to_thread(create, creator)
    assert (given_up.status_code, given_up.json()["code"]) == (503, "DEADLINE_EXCEEDED")
    assert given_up.headers["Retry-After"] == "1"
    assert creator.get("/api/tasks").json()["items"] == []
    wait_until(lambda: create(creator).status_code == 201)


@pytest.mark.spec("OPS-115")
async def test_a_commit_that_takes_long_is_waited_for(
    creator: httpx2.Client, owner: asyncpg.Connection
) -> None:
    await owner.execute(SLOW_COMMIT)
    try:
        made = await asyncio.to_thread(create, creator)
    finally:
        await owner.execute("DROP FUNCTION slow CASCADE")
    assert made.status_code == 201
    assert [task["id"] for task in creator.get("/api/tasks").json()["items"]] == [made.json()["id"]]


@pytest.mark.spec("OPS-110")
def test_connections_that_break_off_anywhere_leave_nothing_behind(server: Server) -> None:
    """Half closed, or reset in the middle of a head, of a body, or of an answer."""
    starts = [LIVE[:9], head("POST", "/test/echo", Content_Length="9") + b"x", head("GET", "/test/large")]
    for start in starts * 10:
        with server.connect() as connection:
            connection.sendall(start)
            connection.shutdown(socket.SHUT_WR)
        with server.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(start)
    files = Path(f"/proc/{server.process.pid}/fd")
    if files.exists():
        wait_until(lambda: len([*files.iterdir()]) < 25)
    assert server.is_alive()
    assert "Traceback" not in server.log.read_text()


@pytest.mark.spec("OPS-110")
def test_others_are_answered_while_very_many_are_slow(server: Server) -> None:
    with ExitStack() as open_connections:
        slow = [open_connections.enter_context(server.connect()) for _client in range(300)]
        for number, connection in enumerate(slow):
            connection.sendall(LIVE[: number % len(LIVE)])
        assert all(server.is_alive() for _time in range(20))
        ends = [read_to_end(connection) for connection in slow]
    assert {end.partition(b" ")[2][:3] for end in ends} == {b"", b"408"}
