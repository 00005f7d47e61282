"""Which web pages a browser lets ask, and what somebody finds in the log whose page is not one of them."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import httpx2
import pytest
from dirty_equals import IsStr
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.config import Settings
from app.main import create_app
from tests.people import open_client, using

pytestmark = pytest.mark.broad

ORIGIN = "https://app.example.com"
OTHER = "http://127.0.0.1:3000"
PREFLIGHT = {"Access-Control-Request-Method": "GET"}
Logs = list[MutableMapping[str, Any]]


@pytest.fixture
async def browser(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that allows one origin."""
    made = create_app(settings.model_copy(update={"cors_origins": (ORIGIN,)}))
    made.state.runtime = using(made.state.runtime, app.state.runtime.database)
    async with open_client(made) as client:
        yield client


@pytest.fixture
def logs() -> Iterator[Logs]:
    with capture_logs() as captured:
        yield captured


def refusals(logs: Logs) -> Logs:
    """Return what was logged beside the line of each request."""
    return [entry for entry in logs if entry["event"] != "request"]


@pytest.mark.spec("OPS-008")
async def test_an_allowed_origin_may_ask(browser: httpx2.AsyncClient) -> None:
    asked = {
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,if-match,prefer,x-request-id",
    }
    preflight = await browser.options("/api/tasks", headers={"Origin": ORIGIN} | asked)
    answers = [
        preflight,
        await browser.get("/api/me", headers={"Origin": ORIGIN}),
        await browser.post("/auth/login", headers={"Origin": ORIGIN}),
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 422]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {ORIGIN}
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    assert (
        answers[1].headers["Access-Control-Expose-Headers"]
        == "ETag, Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
    )


@pytest.mark.spec("OPS-008")
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "*",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "app.example.com",
        "https://x.app.example.com",
        "https://app.example.co",
        f"{ORIGIN} https://evil.example",
        f"https://evil.example {ORIGIN}",
        "https://appxexample.com",
    ],
)
async def test_another_origin_may_not_ask(browser: httpx2.AsyncClient, origin: str) -> None:
    """S26: 17 origins that are almost the one that may."""
    preflight = await browser.options(
        "/api/tasks", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )
    answer = await browser.get("/health/live", headers={"Origin": origin})
    assert (preflight.status_code, preflight.json()["code"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert "Access-Control-Allow-Origin" not in preflight.headers | answer.headers


@pytest.mark.spec("OPS-008")
async def test_of_twelve_origins_the_one_that_is_allowed_is_reflected(browser: httpx2.AsyncClient) -> None:
    """S26: exactly, on every status, and told to every cache on the way."""
    origins = [
        *(ORIGIN, "null", f"{ORIGIN}.evil.example", f"https://evil-{ORIGIN[8:]}", "http://app.example.com"),
        *(f"{ORIGIN}:8443", "https://x.app.example.com", "https://example.com", ORIGIN.upper()),
        *("*", "https://app.example.com@evil.example", f"{ORIGIN}%00"),
    ]
    for path, status in (("/health/live", 200), ("/api/me", 401), ("/nowhere", 404)):
        answers = [await browser.get(path, headers={"Origin": origin}) for origin in origins]
        reflected = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
        assert reflected == [ORIGIN] + [None] * 11
        assert {answer.status_code for answer in answers} == {status}
        assert all("Origin" in answer.headers["Vary"] for answer in answers)


@pytest.mark.spec("OPS-008")
async def test_no_origin_may_ask_unless_one_is_configured(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.spec("OPS-054")
async def test_an_origin_that_is_refused_stands_in_the_log(browser: httpx2.AsyncClient, logs: Logs) -> None:
    await browser.options("/api/tasks", headers=PREFLIGHT | {"Origin": OTHER})
    await browser.get("/health/live", headers={"Origin": OTHER})
    line = {
        "event": "refused origin",
        "log_level": "warning",
        "origin": OTHER,
        "cors_origins": [ORIGIN],
        "request_id": IsStr(),
    }
    assert refusals(logs) == [line, line]
    assert [entry["request_id"] for entry in logs if entry["event"] == "request"] == [
        entry["request_id"] for entry in refusals(logs)
    ]


@pytest.mark.spec("OPS-054")
async def test_an_origin_is_refused_and_logged_where_none_is_configured(
    client: httpx2.AsyncClient, logs: Logs
) -> None:
    answer = await client.options("/api/tasks", headers=PREFLIGHT | {"Origin": OTHER})
    assert (answer.status_code, answer.json()["code"], answer.json()["type"]) == (
        403,
        "ORIGIN_NOT_ALLOWED",
        "/problems/origin-not-allowed",
    )
    assert [(entry["origin"], entry["cors_origins"]) for entry in refusals(logs)] == [(OTHER, [])]


@pytest.mark.spec("OPS-054")
async def test_a_header_that_an_allowed_origin_may_not_send_stands_in_the_log(
    browser: httpx2.AsyncClient, logs: Logs
) -> None:
    asked = PREFLIGHT | {
        "Origin": ORIGIN,
        "Access-Control-Request-Headers": "authorization, x-trace,x-\u00e4",
    }
    answer = await browser.options(
        "/api/tasks", headers={name.encode(): value.encode() for name, value in asked.items()}
    )
    assert answer.status_code == 403
    assert [(entry["event"], entry["headers"]) for entry in refusals(logs)] == [
        ("refused headers", "x-trace,x-??")
    ]


@pytest.mark.spec("OPS-054")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": ORIGIN},
        {"Origin": "http://agendum.test"},
        {"Origin": "https://agendum.test"},
        {"Origin": "https://tasks.example.com", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_what_is_allowed_or_our_own_is_not_logged(
    browser: httpx2.AsyncClient, logs: Logs, headers: dict[str, str]
) -> None:
    answer = await browser.get("/health/live", headers=headers)
    assert (answer.status_code, refusals(logs)) == (200, [])


@pytest.mark.spec("OPS-054", "OPS-005")
async def test_what_a_stranger_calls_an_origin_is_bounded_before_it_is_logged(
    client: httpx2.AsyncClient, logs: Logs
) -> None:
    await client.get("/health/live", headers={b"Origin": b"http://\x1b[31m\xff" + b"x" * 5000})
    [line] = refusals(logs)
    assert (line["origin"][:13], len(line["origin"])) == ("http://?[31m?", 200)
