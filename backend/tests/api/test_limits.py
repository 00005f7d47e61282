"""How often a person and an address may ask, and what they are told about it."""

import json
import re
from ipaddress import ip_address

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from tests.api.limiting import ELSEWHERE, HOME, PROXY, ask, client_at, limit, statuses, token_of
from tests.api.rows import count_rows
from tests.people import Person, open_client

pytestmark = pytest.mark.broad

JUNK = [
    "",
    ",",
    "a" * 65_000,
    "1.2.3.4\r\nX-User-ID: 1",
    "1.2.3.999",
    "\u0661.2.3.4",
    "-1",
    "9" * 5_000,
    "::ffff:999.1.1.1",
    "fe80::1%" + "z" * 5_000,
    "unknown",
    "[::1",
    "1.2.3.4:99999999999999999999:1",
]


# S38: limit + 1 is 429 with an integer Retry-After.
@pytest.mark.spec("LIMIT-001", "LIMIT-004", "LIMIT-006")
async def test_one_request_more_than_the_limit_is_refused_until_the_window_has_ended(
    app: FastAPI, ada: Person, bob: Person
) -> None:
    time = limit(app, "read=3/minute")
    assert await statuses(ada.client, "/api/tasks", times=3) == [200, 200, 200]
    time.pass_by(17.5)
    refused = await ada.client.get("/api/me")
    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert refused.headers["Retry-After"] == "43"
    assert refused.headers["RateLimit"] == '"read";r=0;t=43'
    assert (await bob.client.get("/api/tasks")).headers["RateLimit"] == '"read";r=2;t=60'
    time.pass_by(42)
    assert (await ada.client.get("/api/me")).status_code == 429
    time.pass_by(1)
    assert (await ada.client.get("/api/me")).status_code == 200


# S38: honouring Retry-After works the first time.
@pytest.mark.spec("LIMIT-004")
async def test_waiting_as_long_as_is_said_is_enough_every_time(app: FastAPI, ada: Person) -> None:
    time = limit(app, "read=2/7 seconds")
    refused = 0
    for number in range(120):
        time.pass_by((number * 37 % 100) / 61)
        if (answer := await ada.client.get("/api/me")).status_code == 429:
            refused += 1
            time.pass_by(int(answer.headers["Retry-After"]))
            assert (await ada.client.get("/api/me")).status_code == 200
    assert refused > 20


@pytest.mark.spec("LIMIT-001")
async def test_a_person_has_one_budget_over_all_credentials(app: FastAPI, ada: Person) -> None:
    limit(app, "read=2/minute")
    async with open_client(app, {"Authorization": f"Bearer {token_of(app, ada)}"}) as other:
        assert await statuses(ada.client, "/api/me", times=2) == [200, 200]
        assert await statuses(other, "/api/me", times=1) == [429]


@pytest.mark.spec("LIMIT-001", "LIMIT-004")
async def test_reading_writing_and_what_is_heavy_have_budgets_of_their_own(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    limit(app, "read=1/minute,write=1/minute,heavy=1/minute")
    batch = {"operations": [{"op": "create", "task": {"title": "Pay rent"}}]}
    asked = [
        await ada.client.request(method, path, json=body)
        for method, path, body in (
            ("GET", "/api/tasks", None),
            ("POST", "/api/tasks", {"title": "Pay rent"}),
            ("POST", "/api/tasks/bulk", batch),
        )
        for _time in range(2)
    ]
    assert [answer.status_code == 429 for answer in asked] == [False, True] * 3
    policies = [answer.headers["RateLimit-Policy"] for answer in asked]
    assert policies[::2] == ['"read";q=1;w=60', '"write";q=1;w=60', '"heavy";q=1;w=60']
    assert asked[4].status_code == 200, asked[4].text
    assert (await count_rows(connection))["task"] == 2


@pytest.mark.spec("LIMIT-001")
async def test_a_refused_write_is_refused_before_its_body_is_gathered(app: FastAPI, ada: Person) -> None:
    limit(app, "write=1/minute")
    sent = 0

    async def endless() -> object:
        nonlocal sent
        for _piece in range(50):
            sent += 1
            yield b" " * 65_536

    assert (await ada.client.post("/api/tasks", json={"title": "Pay rent"})).status_code == 201
    answer = await ada.client.post(
        "/api/tasks",
        content=endless(),  # type: ignore[arg-type] # An async generator, as the client takes it.
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 429
    assert sent <= 1


@pytest.mark.spec("LIMIT-002")
async def test_an_address_has_a_budget_for_all_of_auth_whatever_becomes_of_its_requests(app: FastAPI) -> None:
    limit(app, "auth=2/minute")
    async with client_at(app, HOME) as client:
        assert (await client.post("/auth/register", content=b"no JSON")).status_code == 415
        assert (await client.post("/auth/login", json={})).status_code == 422
        refused = await client.post("/auth/login", json={})
        assert (refused.status_code, refused.headers["RateLimit"]) == (429, '"auth";r=0;t=60')
        assert refused.headers["RateLimit-Policy"] == '"auth";q=2;w=60'
    assert await ask(app, ELSEWHERE) == 422


@pytest.mark.spec("LIMIT-002")
async def test_health_and_pages_have_no_limit(app: FastAPI, client: httpx2.AsyncClient) -> None:
    limit(app, "read=1/minute,auth=1/minute")
    for path in ("/health/live", "/", "/openapi.json", "/problems"):
        answers = [await client.get(path) for _time in range(3)]
        assert {answer.status_code for answer in answers} == {200}
        assert not any("RateLimit" in answer.headers for answer in answers)


@pytest.mark.spec("LIMIT-003")
async def test_without_rates_nobody_is_refused_and_nothing_is_told(app: FastAPI, ada: Person) -> None:
    limit(app, "off")
    answers = [await ada.client.get("/api/me") for _time in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer.headers for answer in answers)


@pytest.mark.spec("LIMIT-005")
async def test_the_log_names_the_limit_and_nobodys_address(
    app: FastAPI, capsys: pytest.CaptureFixture[str]
) -> None:
    limit(app, "auth=1/minute", trusted=PROXY)
    statuses = [await ask(app, PROXY, forwarded=HOME) for _time in range(2)]
    assert statuses == [422, 429]
    logged = capsys.readouterr().out
    assert re.search(r"limit=auth", logged)
    assert HOME not in logged
    told = app.state.runtime.metrics
    assert "auth" in str([*told._refusals.collect()])


# S21 and S43: a forged X-Forwarded-For neither resets a limit nor uses up that of somebody else.
@pytest.mark.spec("LIMIT-020")
async def test_a_forwarding_header_of_anybody_changes_no_limit(app: FastAPI) -> None:
    limit(app, "auth=2/minute", trusted=PROXY)
    forged = [await ask(app, HOME, forwarded=str(ip_address(number))) for number in range(5)]
    assert forged == [422, 422, 429, 429, 429]
    assert await ask(app, str(ip_address(1))) == 422


# S43: no other header makes an address.
@pytest.mark.spec("LIMIT-020")
@pytest.mark.parametrize(
    "header",
    ["Forwarded", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Client-IP", "Via"],
)
async def test_no_other_header_is_believed_even_of_a_trusted_proxy(app: FastAPI, header: str) -> None:
    limit(app, "auth=2/minute", trusted=PROXY)
    answers = []
    for number in range(3):
        async with client_at(app, PROXY, **{header: f"for=192.0.2.{number}"}) as client:
            answers.append((await client.post("/auth/login", json={})).status_code)
    assert answers == [422, 422, 429]


# S43: who is behind a trusted proxy chooses no address either, because the proxy adds the true one at the end.
@pytest.mark.spec("LIMIT-020")
async def test_what_a_client_wrote_before_a_trusted_proxy_is_not_believed(app: FastAPI) -> None:
    limit(app, "auth=2/minute", trusted=PROXY)
    forged = [await ask(app, PROXY, forwarded=f"192.0.2.{number}, {HOME}") for number in range(3)]
    assert forged == [422, 422, 429]
    assert await ask(app, PROXY, forwarded=ELSEWHERE) == 422


@pytest.mark.spec("LIMIT-021")
async def test_an_entry_that_is_no_address_counts_for_the_proxy(app: FastAPI) -> None:
    limit(app, f"auth={len(JUNK) - 1}/minute", trusted=PROXY)
    answers = []
    for junk in JUNK:
        lines = [(b"x-forwarded-for", junk.encode())]
        async with client_at(app, PROXY) as client:
            answers.append((await client.post("/auth/login", json={}, headers=lines)).status_code)
    assert answers == [422] * (len(JUNK) - 1) + [429]


@pytest.mark.spec("LIMIT-022")
async def test_somebody_with_a_network_of_ipv6_has_one_budget(app: FastAPI) -> None:
    limit(app, "auth=2/minute")
    near = [await ask(app, f"2001:db8:1:2::{number:x}") for number in range(3)]
    assert near == [422, 422, 429]
    assert await ask(app, "2001:db8:1:3::1") == 422


@pytest.mark.spec("LIMIT-021")
async def test_clients_of_a_unix_socket_count_as_one(app: FastAPI) -> None:
    limit(app, "auth=2/minute", trusted=PROXY)
    assert [await ask(app, None, forwarded=f"192.0.2.{number}") for number in range(3)] == [422, 422, 429]


# S43: neither the host nor the scheme that a proxy tells of is in any link.
@pytest.mark.spec("LIMIT-020")
async def test_no_forwarded_host_or_scheme_is_in_an_answer(app: FastAPI, ada: Person) -> None:
    limit(app, "", trusted="127.0.0.0/8")
    evil = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "gopher",
        "Forwarded": "host=evil.example",
    }
    made = await ada.client.post("/api/tasks", json={"title": "Pay rent"}, headers=evil)
    page = await ada.client.get("/docs/", headers=evil)
    told = json.dumps([[*made.headers.items()], [*page.headers.items()]]) + made.text
    assert made.status_code == 201
    assert "evil" not in told
    assert "gopher" not in told
