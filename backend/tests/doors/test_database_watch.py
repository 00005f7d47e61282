"""The embedded database dies while the service runs: it comes back by itself, or the service ends and says why."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.doors.embedded_runs import server_process
from tests.doors.service import Service, database_processes, running, scratch_folder

LOST = 69


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as scratch:
        yield scratch


def kill_database(folder: Path, number: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal to the running database server, and return its process number."""
    process_id = server_process(folder / "data/postgres")
    os.kill(process_id, number)
    return process_id


def wait_for_another(folder: Path, process_id: int) -> None:
    """Wait until another server than this one accepts connections."""
    record = folder / "data/postgres/cluster/postmaster.pid"
    deadline, lines = time.monotonic() + 30, [""]
    while time.monotonic() < deadline:
        with suppress(FileNotFoundError):
            lines = record.read_text().split("\n")
        if len(lines) > 7 and lines[0] != str(process_id) and lines[7].strip() == "ready":
            return
        time.sleep(0.02)
    raise AssertionError("no server came back")


def seconds_until_ready(service: Service) -> float:
    """Wait until the service is ready, and return how long that took."""
    begin = time.monotonic()
    while service.client.get("/health/ready").status_code != 200:
        assert time.monotonic() - begin < 30
        time.sleep(0.05)
    return time.monotonic() - begin


@pytest.mark.spec("OPS-022")
def test_a_database_that_dies_comes_back_and_has_lost_nothing(folder: Path) -> None:
    with running(folder) as service:
        me = service.sign_in()
        for number in (signal.SIGKILL, signal.SIGINT):
            created = service.client.post("/api/tasks", json={"title": "Pay rent"}, headers=me)
            assert created.status_code == 201
            wait_for_another(folder, kill_database(folder, number))
            assert seconds_until_ready(service) < 5
            assert service.client.get(created.headers["Location"], headers=me).json() == created.json()
        assert len(database_processes(folder)) == 1
        assert service.end(signal.SIGTERM) == 0
    assert database_processes(folder) == []
    said = service.log.read_text()
    assert (said.count("embedded database died"), said.count("embedded database runs again")) == (2, 2)


@pytest.mark.spec("OPS-022")
def test_a_database_that_dies_again_and_again_ends_the_service_with_the_reason(folder: Path) -> None:
    with running(folder) as service:
        for _ in range(2):
            wait_for_another(folder, kill_database(folder))
        kill_database(folder)
        assert service.process.wait(timeout=30) == LOST
    said = service.log.read_text()
    log = folder / "data/postgres/server.log"
    assert (
        f"died 3 times within a minute; the last time it was ended by signal 9. What it wrote is in {log}"
        in said
    )
    assert "Traceback" not in said
    assert database_processes(folder) == []


@pytest.mark.spec("OPS-022")
def test_a_database_that_cannot_start_again_ends_the_service_with_the_reason(folder: Path) -> None:
    with running(folder) as service:
        (folder / "data/postgres/cluster").rename(folder / "aside")
        os.kill(int((folder / "aside/postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
        assert service.process.wait(timeout=30) == LOST
    assert "was moved, removed or replaced while it was in use" in service.log.read_text()
    assert not (folder / "data/postgres/cluster").exists()


@pytest.mark.spec("OPS-016", "OPS-022")
@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_signal_stops_everything_while_the_database_is_started_again(folder: Path, pause: float) -> None:
    with running(folder) as service:
        kill_database(folder)
        time.sleep(pause)
        assert service.end(signal.SIGTERM) == 0
    assert database_processes(folder) == []
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"http://127.0.0.1:{service.port}/health/live")
