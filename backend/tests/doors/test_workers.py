"""The worker processes of a service: one that dies is replaced, and all of them end in order, with their parent."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from uuid_utils.compat import uuid7

from app.database.embedded.account import take_lock
from tests.doors.embedded_runs import is_alive, server_process
from tests.doors.service import BACKEND, Service, database_processes, running, scratch_folder
from tests.doors.worker_processes import HalfRequest, Load, wait_until
from tests.server import copy_database, drop_database, run, url_of

LOST = 69
# Two workers, each of which ends when its application starts; whoever started them had ignored how children end.
DYING = """
import os, signal, socket
from app.server.http_server import HttpServer
from app.server.signals import leave_on_signals
from app.server.supervisor import Supervisor, WorkersLostError

async def application(scope, receive, send):
    os._exit(5)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
leave_on_signals()
server = HttpServer(application, socket.create_server(("127.0.0.1", 0)), production=False)
try:
    Supervisor(server, None, count=2).run()
except WorkersLostError as reason:
    print(reason)
"""
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


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


def kill_a_worker(service: Service) -> int:
    """Kill the youngest worker and return its number, once another has its place."""
    killed = service.workers()[-1]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(service.workers()) == 2 and killed not in service.workers())
    return killed


def is_free(port: int) -> bool:
    """Tell whether nobody answers on a port."""
    try:
        httpx2.get(f"http://127.0.0.1:{port}/health/live")
    except httpx2.TransportError:
        return True
    return False


@pytest.mark.spec("OPS-082")
def test_a_worker_killed_under_load_is_replaced_and_nothing_is_lost(database: str, folder: Path) -> None:
    with running(folder, DATABASE_URL=database, AGENDUM_WORKERS="2") as service:
        people = [service.sign_in(name) for name in ("ada", "bob", "cleo", "dan")]
        with Load(service, people) as load:
            load.wait_for(40)
            killed = kill_a_worker(service)
            load.wait_for(40)
        assert load.refused == []
        assert load.lost <= len(people)
        assert {service.client.get(place, headers=me).status_code for me, place in load.acknowledged} == {200}
        assert f"process={killed}" in service.log.read_text()
        assert "was ended by signal 9" in service.log.read_text()
        assert service.end(signal.SIGTERM) == 0


@pytest.mark.spec("OPS-082")
def test_a_worker_that_dies_again_and_again_ends_the_service(database: str, folder: Path) -> None:
    with running(folder, DATABASE_URL=database, AGENDUM_WORKERS="2") as service:
        steady = service.workers()[0]
        kill_a_worker(service)
        assert wait_until(lambda: kill_a_worker(service) > 0) > 0.9
        assert service.workers()[0] == steady
        os.kill(service.workers()[-1], signal.SIGKILL)
        assert service.process.wait(timeout=20) == LOST
        assert not is_alive(steady)
    said = service.log.read_text()
    assert "agendum: A worker died 3 times within a minute; the last time it was ended by signal 9" in said
    assert "Traceback" not in said


@pytest.mark.spec("OPS-082")
def test_workers_that_die_as_soon_as_they_start_are_not_started_without_end() -> None:
    begin = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", DYING], cwd=BACKEND, capture_output=True, text=True, check=True
    )
    assert (
        ended.stdout.splitlines()[-1]
        == "A worker died 3 times within a minute; the last time it ended with status 5"
    )
    assert 4 <= ended.stdout.count("worker started") <= 6
    assert time.monotonic() - begin > 1


@pytest.mark.spec("OPS-082")
def test_a_worker_that_cannot_be_started_is_tried_again_while_the_other_goes_on(
    database: str, folder: Path
) -> None:
    with running(folder, DATABASE_URL=database, AGENDUM_WORKERS="2") as service:
        parent, steady = service.process.pid, service.workers()[0]
        _, most = resource.prlimit(parent, resource.RLIMIT_NOFILE)
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (3, most))
        os.kill(service.workers()[-1], signal.SIGKILL)
        wait_until(lambda: "worker cannot be started" in service.log.read_text())
        assert service.workers() == [steady]
        with httpx2.Client(base_url=service.client.base_url) as client:
            assert client.get("/health/ready").status_code == 200
        resource.prlimit(parent, resource.RLIMIT_NOFILE, (most, most))
        wait_until(lambda: len(service.workers()) == 2)


@pytest.mark.spec("OPS-084")
def test_workers_whose_parent_is_killed_answer_end_and_leave_port_and_folder(folder: Path) -> None:
    with running(folder, AGENDUM_WORKERS="2") as first:
        me, workers = first.sign_in(), first.workers()
        begun = HalfRequest(first, me)
        first.end(signal.SIGKILL)
        wait_until(lambda: is_free(first.port), seconds=5)
        os.close(take_lock(folder / "data/postgres/agendum.lock"))
        assert begun.finish().startswith(b"HTTP/1.1 201 ")
        wait_until(lambda: not any(is_alive(worker) for worker in workers), seconds=5)
    with running(folder, AGENDUM_WORKERS="2", AGENDUM_PORT=str(first.port)) as second:
        items = second.client.get("/api/tasks", headers=me).json()["items"]
        assert [task["title"] for task in items] == ["Begun"]


@pytest.mark.spec("OPS-080", "OPS-083", "OPS-016")
@pytest.mark.parametrize(("stop", "workers"), [*((stop, 2) for stop in STOPS), (signal.SIGHUP, 1)])
def test_what_has_begun_is_answered(database: str, folder: Path, stop: signal.Signals, workers: int) -> None:
    with running(folder, DATABASE_URL=database, AGENDUM_WORKERS=str(workers)) as service:
        begun = HalfRequest(service, service.sign_in())
        processes = service.workers()
        assert len(processes) == (0 if workers == 1 else workers)
        service.process.send_signal(stop)
        wait_until(lambda: is_free(service.port))
        assert begun.finish().startswith(b"HTTP/1.1 201 ")
        assert service.process.wait(timeout=10) == 0
    assert not any(is_alive(process) for process in processes)
    assert "Traceback" not in service.log.read_text()


@pytest.mark.spec("OPS-022", "OPS-081", "OPS-086")
def test_a_database_that_dies_comes_back_for_all_workers(folder: Path) -> None:
    with running(folder, AGENDUM_WORKERS="2", AGENDUM_POOL_SIZE="60") as service:
        people = [service.sign_in(name) for name in ("ada", "bob", "cleo", "dan")]
        assert "--max_connections=140" in database_processes(folder)[0]
        workers = service.workers()
        with Load(service, people) as load:
            load.wait_for(20)
            dead = server_process(folder / "data/postgres")
            os.kill(dead, signal.SIGKILL)
            wait_until(lambda: "embedded database runs again" in service.log.read_text())
            load.wait_for(20)
        assert load.lost == 0
        assert {service.client.get(place, headers=me).status_code for me, place in load.acknowledged} == {200}
        assert service.workers() == workers
    assert database_processes(folder) == []
