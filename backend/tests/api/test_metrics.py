"""Metrics: who may read them, and what they tell."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from structlog.testing import capture_logs

from app.utils.metrics import Metrics
from tests.people import Person

TOKEN = "0123456789 abcdefghij ABCDEFGHIJ"
READ = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def watched(app: FastAPI) -> Iterator[None]:
    """Have the application show its metrics to whoever has the token."""
    app.state.metrics_token = SecretStr(TOKEN)
    yield
    app.state.metrics_token = None


async def metrics_of(client: httpx2.AsyncClient) -> dict[str, float]:
    """Return the samples by name and labels, as they are written."""
    answer = await client.get("/metrics", headers=READ)
    assert answer.status_code == 200
    return samples_in(answer.text)


def samples_in(text: str) -> dict[str, float]:
    """Return the samples of an exposition by name and labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {name_of(sample.name, sample.labels): sample.value for sample in samples}


def name_of(name: str, labels: dict[str, Any]) -> str:
    """Write a sample's name and labels as the exposition does."""
    told = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{told}}}" if told else name


@pytest.mark.spec("OBS-001")
async def test_without_a_token_there_are_no_metrics(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/metrics", headers=READ)).status_code == 404


@pytest.mark.spec("OBS-001")
@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(
    "given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
async def test_whoever_has_not_the_token_is_refused(client: httpx2.AsyncClient, given: str | None) -> None:
    answer = await client.get("/metrics", headers={"Authorization": given} if given else {})
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_TOKEN")
    assert "agendum_" not in answer.text


@pytest.mark.spec("OBS-001")
@pytest.mark.usefixtures("watched")
async def test_the_token_of_a_person_is_not_that_of_a_watcher(ada: Person) -> None:
    assert (await ada.client.get("/metrics")).status_code == 401


@pytest.mark.spec("OBS-002")
@pytest.mark.usefixtures("watched")
async def test_a_request_is_counted_by_its_route(ada: Person) -> None:
    task = await ada.create_task()
    name = 'agendum_http_requests_total{method="GET",route="/api/tasks/{task_id}",status="200"}'
    before = (await metrics_of(ada.client)).get(name, 0)
    for _ in range(3):
        await ada.client.get(f"/api/tasks/{task['id']}")
    after = await metrics_of(ada.client)
    assert after[name] == before + 3
    durations = 'agendum_http_request_duration_seconds_count{method="GET",route="/api/tasks/{task_id}"}'
    assert after[durations] >= 3


@pytest.mark.spec("OBS-002")
@pytest.mark.usefixtures("watched")
async def test_no_label_has_what_a_caller_chose(client: httpx2.AsyncClient) -> None:
    canary = "canary7f3a"
    await client.get(f"/{canary}")
    await client.request(canary.upper(), "/api/tasks")
    await client.get(f"/api/tasks/{canary}", params={"q": canary})
    text = (await client.get("/metrics", headers=READ)).text
    assert canary not in text.lower()
    assert 'method="OTHER"' in text
    assert 'route="none",status="404"' in text


@pytest.mark.spec("OBS-004")
@pytest.mark.usefixtures("watched")
async def test_refusals_fetches_and_rounds_are_told(app: FastAPI, client: httpx2.AsyncClient) -> None:
    metrics: Metrics = app.state.runtime.metrics
    metrics.count_refusal("write")
    metrics.count_key_fetch(succeeded=False)
    metrics.end_round("housekeeping")
    told = await metrics_of(client)
    assert told['agendum_limit_refusals_total{limit="write"}'] >= 1
    assert told['agendum_key_set_fetches_total{outcome="failure"}'] >= 1
    assert told['agendum_worker_last_round_timestamp_seconds{worker="housekeeping"}'] > 1_700_000_000


@pytest.mark.spec("OBS-005")
@pytest.mark.parametrize(
    ("sent", "trace_id"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", None),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", None),
        ("canary", None),
        (None, None),
    ],
)
async def test_a_log_line_has_the_trace_that_its_request_is_part_of(
    client: httpx2.AsyncClient, sent: str | None, trace_id: str | None
) -> None:
    with capture_logs() as lines:
        await client.get("/health/live", headers={"traceparent": sent} if sent else {})
    assert [line["trace_id"] for line in lines] == [trace_id]
