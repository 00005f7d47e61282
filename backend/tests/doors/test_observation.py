"""What those who watch a running service see: metrics of all workers, traces, and nothing that a person wrote."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.api.test_metrics import samples_in
from tests.doors.collector import Collector, collecting
from tests.doors.service import Service, running, scratch_folder
from tests.doors.worker_processes import PRODUCTION, clients_of, wait_until
from tests.server import copy_database, drop_database, run, url_of

TOKEN = "r8Yw3nZu0Mk5Wb9Sn4Qy7It2Ke6Hg1Db"
WATCHER = {"Authorization": f"Bearer {TOKEN}"}
LIVE = 'agendum_http_requests_total{method="GET",route="/health/live",status="200"}'
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CANARY = "canary7f3a"
pytestmark = pytest.mark.xdist_group("workers")


@pytest.fixture
def own_url(template: str) -> Iterator[str]:
    name = f"own_{uuid7().hex}"
    run(copy_database(template, name))
    yield url_of(name)
    run(drop_database(name))


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def live_count(client: httpx2.Client) -> float:
    """Return how often liveness was asked for, as a worker tells."""
    answer = client.get("/metrics", headers=WATCHER)
    assert answer.status_code == 200, answer.text
    return samples_in(answer.text).get(LIVE, 0)


@pytest.mark.spec("OBS-003")
def test_every_worker_tells_what_all_have_counted_those_that_died_included(
    own_url: str, folder: Path
) -> None:
    settings = PRODUCTION | {"DATABASE_URL": own_url, "AGENDUM_WORKERS": "2", "AGENDUM_METRICS_TOKEN": TOKEN}
    with running(folder, **settings) as service:
        with clients_of(service) as clients:
            for client in (*clients, *clients, clients[0], clients[0], clients[1]):
                client.get("/health/live")
            # Each client has asked once before, to be connected.
            wait_until(lambda: [live_count(client) for client in clients] == [9, 9])
        workers = service.workers()
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len({*service.workers()} - {*workers}) == 1)
        service.wait_until_ready()
        assert live_count(service.client) == 9


def use(service: Service) -> list[httpx2.Response]:
    """Use a service in many ways, each with texts that nobody may find anywhere."""
    client, title = service.client, f"title {CANARY}"
    account = {"email": f"{CANARY}@example.com", "password": f"password {CANARY}", "name": f"Ada {CANARY}"}
    answers = [client.post("/auth/register", json=account), client.post("/auth/register", json=account)]
    login = {name: account[name] for name in ("email", "password")}
    token = client.post("/auth/login", json=login).json()["access_token"]
    ada = {"Authorization": f"Bearer {token}", "Cookie": f"session={CANARY}"}
    answers += [
        client.post("/auth/login", json=login | {"password": f"wrong {CANARY}"}),
        client.post("/api/tasks", json={"title": title}, headers=ada),
        client.post("/api/tasks", json={"title": title, "priority": CANARY}, headers=ada),
        client.post("/api/tasks", json={"title": title, "unknown": CANARY}, headers=ada),
        client.post("/api/tasks", content=f'{{"title": "{CANARY}'.encode(), headers=ada | JSON),
        client.get("/api/tasks", params={"q": CANARY}, headers=ada),
        client.get("/api/tasks", params={"unknown": CANARY, "cursor": CANARY}, headers=ada),
        client.get(f"/api/tasks/{CANARY}", headers=ada),
        client.get(f"/{CANARY}", headers=ada),
        client.get("/api/tasks", headers={"Authorization": f"Bearer {CANARY}"}),
        client.get("/api/tasks", headers=ada | {"X-Request-ID": f"{CANARY} is none", "traceparent": CANARY}),
        client.request(CANARY.upper(), "/api/tasks", headers=ada),
    ]
    return [*answers, client.get("/api/tasks", headers={"Authorization": f"Bearer {token[:-4]}{CANARY}"})]


JSON = {"Content-Type": "application/json"}


@pytest.mark.spec("OBS-007", "OBS-006")
def test_nothing_that_a_person_wrote_is_in_logs_metrics_traces_or_problems(
    own_url: str, folder: Path, collector: Collector
) -> None:
    """S39, S40."""
    sending = {"AGENDUM_TRACES": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    settings = PRODUCTION | {"DATABASE_URL": own_url, "AGENDUM_WORKERS": "1", "AGENDUM_METRICS_TOKEN": TOKEN}
    with running(folder, **settings, **sending) as service:
        answers = use(service)
        metrics = service.client.get("/metrics", headers=WATCHER).text
        traced = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        service.client.get("/health/live", headers=traced)
    refused = [answer for answer in answers if answer.is_error]
    assert {answer.status_code for answer in refused} == {400, 401, 404, 409, 422}
    log = service.log.read_text()
    requests = [line for line in lines_of(log) if line["event"] == "request"]
    assert {f"{answer.headers['X-Request-ID']}" for answer in answers} <= {
        line["request_id"] for line in requests
    }
    assert requests[-1]["trace_id"] == TRACE
    spans = collector.spans()
    assert len(spans) >= len(answers)
    assert [span.name for span in spans if span.trace_id.hex() == TRACE] == ["GET /health/live"]
    seen = [log, metrics, *map(str, spans), *(answer.text for answer in refused)]
    assert [text for text in seen if CANARY in text.lower()] == []


def lines_of(log: str) -> list[dict[str, object]]:
    """Return the lines of a log that are JSON."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


@pytest.mark.spec("OBS-006")
def test_a_service_whose_traces_cannot_be_sent_does_not_start(folder: Path) -> None:
    environment = {"AGENDUM_TRACES": "true", "AGENDUM_DATA_DIR": str(folder / "data")}
    blocked = "import sys; sys.modules['opentelemetry.sdk'] = None; from app.__main__ import run; run()"
    finished = subprocess.run(
        [sys.executable, "-c", blocked, "serve"],
        env={"PATH": os.environ["PATH"], "AGENDUM_PORT": "0"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, "pip install" in finished.stderr) == (78, True)
