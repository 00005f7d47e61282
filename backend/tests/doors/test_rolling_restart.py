"""A restart that nobody notices: readiness goes off, new requests go elsewhere, and what has begun is answered."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.doors.rolling import roll
from tests.doors.service import database_processes, running, scratch_folder
from tests.doors.slow_clients import head, one_answer
from tests.doors.worker_processes import HalfRequest, Load, wait_until
from tests.server import copy_database, drop_database, run, url_of

# Seconds that no test waits for: whoever needs the end of a drain shortens it.
LONG = "60"


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as scratch:
        yield scratch


@pytest.fixture
def database(template: str) -> Iterator[str]:
    """The address of a migrated database for one test alone, which no process of ours holds."""
    name = f"own_{uuid7().hex}"
    run(copy_database(template, name))
    yield url_of(name)
    run(drop_database(name))


@pytest.mark.spec("OPS-120", "OPS-121", "OPS-123")
def test_a_rolling_restart_fails_no_request_and_loses_none(database: str, folder: Path) -> None:
    figures = asyncio.run(roll(database, folder, requests=500, drain=2))
    assert figures.lost == []
    assert set(figures.statuses) == {201}
    assert figures.statuses.total() >= 500
    assert (figures.kept, figures.exits) == (figures.created, {0})
    assert figures.restarts >= 2


@pytest.mark.spec("OPS-120", "OPS-121", "OPS-122")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_while_it_drains_it_serves_and_sends_away_until_a_second_signal(
    database: str, folder: Path, workers: str
) -> None:
    settings = {"DATABASE_URL": database, "AGENDUM_WORKERS": workers, "AGENDUM_DRAIN_SECONDS": LONG}
    with running(folder, **settings) as service:
        me = service.sign_in()
        assert "connection" not in service.client.get("/health/ready").headers
        service.process.send_signal(signal.SIGTERM)
        url = str(service.client.base_url)
        wait_until(lambda: {httpx2.get(f"{url}/health/ready").status_code for _ in range(5)} == {503})
        off = service.client.get("/health/ready")
        assert off.headers["connection"] == "close"
        assert off.json()["detail"] == "This process is about to end."
        assert httpx2.get(f"{url}/health/live").status_code == 200
        made = service.client.post("/api/tasks", json={"title": "Late"}, headers=me)
        assert (made.status_code, made.headers["connection"]) == (201, "close")
        for worker in service.workers():  # As a service manager does that signals every process.
            os.kill(worker, signal.SIGTERM)
        assert httpx2.get(f"{url}/health/live").status_code == 200
        begun = HalfRequest(service, me)
        service.process.send_signal(signal.SIGTERM)
        assert begun.finish().startswith(b"HTTP/1.1 201 ")
        assert service.process.wait(timeout=20) == 0
    assert "Traceback" not in service.log.read_text()


@pytest.mark.spec("OPS-121")
def test_a_worker_that_is_killed_while_it_drains_leaves_the_others_and_the_database(folder: Path) -> None:
    with running(folder, AGENDUM_WORKERS="2", AGENDUM_DRAIN_SECONDS=LONG) as service:
        people = [service.sign_in("ada"), service.sign_in("bob")]
        with Load(service, people) as load:
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: service.log.read_text().count("draining") == 2)
            os.kill(service.workers()[0], signal.SIGKILL)
            load.wait_for(20)
        assert (len(database_processes(folder)), load.refused) == (1, [])
        assert {service.client.get(place, headers=me).status_code for me, place in load.acknowledged} == {200}
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=20) == 0
    assert database_processes(folder) == []


@pytest.mark.spec("OPS-123")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_client_that_was_answered_just_now_may_ask_once_more(
    database: str, folder: Path, workers: str
) -> None:
    """Without any drain: what arrives on its way is answered, and says that the connection ends."""
    with running(folder, DATABASE_URL=database, AGENDUM_WORKERS=workers) as service:
        me = service.sign_in()
        with Load(service, [me] * 8) as load:
            load.wait_for(40)
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(timeout=20) == 0
        assert load.refused == []
    assert load.broken == 0


@pytest.mark.spec("OPS-123")
def test_a_silent_connection_does_not_keep_the_service_from_ending(database: str, folder: Path) -> None:
    with (
        running(folder, DATABASE_URL=database) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=30) as idle,
    ):
        idle.sendall(head("GET", "/health/live"))
        one_answer(idle)
        assert service.end(signal.SIGTERM) == 0
        assert idle.recv(1) == b""
