"""What is promised of a person holds over all worker processes, which share a database, a secret, a port and a log."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import dropwhile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.doors.service import BACKEND, Service, running, scratch_folder
from tests.doors.worker_processes import PRODUCTION, clients_of, wait_until
from tests.server import copy_database, drop_database, run, url_of

WRITERS = """
import os, structlog
from app.utils.logging import configure_logging
configure_logging(as_json=True, debug=False)
child = os.fork()
for _ in range(5000):
    structlog.get_logger("test").info("request", writer=child == 0)
if child:
    os.wait()
"""
Clients = list[httpx2.Client]
pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture(scope="module")
def service(template: str) -> Iterator[Service]:
    """Two workers."""
    name = f"own_{uuid7().hex}"
    run(copy_database(template, name))
    settings = PRODUCTION | {"DATABASE_URL": url_of(name), "AGENDUM_WORKERS": "2"}
    with scratch_folder() as folder, running(folder, **settings) as service:
        yield service
    run(drop_database(name))


@pytest.fixture
def clients(service: Service) -> Iterator[Clients]:
    """One client for each worker."""
    with clients_of(service) as clients:
        yield clients


def at_once(clients: Clients, headers: dict[str, str], *, times: int = 1) -> list[httpx2.Response]:
    """Create a task that often through each client, all of them at the same time."""

    def create(client: httpx2.Client) -> list[httpx2.Response]:
        return [client.post("/api/tasks", json={"title": "Pay rent"}, headers=headers) for _ in range(times)]

    with ThreadPoolExecutor(len(clients)) as threads:
        return [response for answers in threads.map(create, clients) for response in answers]


def logged(service: Service) -> list[dict[str, Any]]:
    """Return the log lines after what the start prints, each of which must be one JSON object."""
    lines = service.log.read_text().splitlines()
    return [json.loads(line) for line in dropwhile(lambda line: not line.startswith("{"), lines)]


@pytest.mark.spec("OPS-081", "OPS-087")
def test_every_worker_answers_and_signs_its_log_lines(service: Service, clients: Clients) -> None:
    answers = [client.get("/health/ready") for client in clients]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    wait_until(lambda: all(identifier in service.log.read_text() for identifier in ids))
    signed = {line["request_id"]: line["process"] for line in logged(service) if line["event"] == "request"}
    assert [signed[identifier] for identifier in ids] == service.workers()
    assert service.process.pid not in service.workers()


@pytest.mark.spec("OPS-081")
@pytest.mark.skipif(sys.platform != "linux", reason="only this kernel tells the number of threads")
def test_the_parent_has_one_thread_so_that_it_may_fork(service: Service) -> None:
    assert len([*Path(f"/proc/{service.process.pid}/task").iterdir()]) == 1


@pytest.mark.spec("OPS-087")
def test_lines_of_several_processes_are_never_mixed() -> None:
    """As fast as two can write, into one pipe, where nothing gathers what they write."""
    seen = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", WRITERS], cwd=BACKEND, env=seen, capture_output=True, check=True
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [len([line for line in lines if line["writer"] is writer]) for writer in (True, False)] == [
        5000,
        5000,
    ]


@pytest.mark.spec("OPS-085", "SAFE-011")
def test_a_key_sent_to_two_workers_at_once_has_one_effect(service: Service, clients: Clients) -> None:
    me = service.sign_in("key")
    for number in range(10):
        answers = at_once(clients, me | {"Idempotency-Key": f'"order-{number:04}"'})
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert sorted("Idempotency-Replayed" in answer.headers for answer in answers) == [False, True]
    assert len(clients[0].get("/api/tasks", headers=me).json()["items"]) == 10


@pytest.mark.spec("OPS-085")
def test_writes_of_one_person_over_two_workers_have_no_gap(service: Service, clients: Clients) -> None:
    me = service.sign_in("numbers")
    answers = at_once(clients, me, times=40)
    assert {answer.status_code for answer in answers} == {201}
    changes = clients[0].get("/api/changes?after=0&limit=100", headers=me).json()["items"]
    assert [change["seq"] for change in changes] == list(range(1, 81))
    assert len({change["entity_id"] for change in changes}) == 80


@pytest.mark.spec("OPS-085")
def test_a_cursor_of_one_worker_is_read_by_the_other(service: Service, clients: Clients) -> None:
    me = service.sign_in("cursor")
    made = {answer.json()["id"] for answer in at_once(clients, me, times=3)}
    seen, cursor = set(), ""
    for number in range(3):
        page = clients[number % 2].get(f"/api/tasks?limit=2{cursor}", headers=me).json()
        seen |= {task["id"] for task in page["items"]}
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made


@pytest.mark.spec("OPS-085")
def test_a_token_of_one_worker_is_good_at_the_other(clients: Clients) -> None:
    first, second = clients
    credentials = {"email": "token@example.com", "password": "correct horse battery"}
    assert first.post("/auth/register", json=credentials | {"name": "Ada"}).status_code == 201
    token = first.post("/auth/login", json=credentials).json()["access_token"]
    me = {"Authorization": f"Bearer {token}"}
    answers = [client.get("/api/me", headers=me) for client in (first, second, first)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert second.post("/auth/login", json=credentials).status_code == 200
