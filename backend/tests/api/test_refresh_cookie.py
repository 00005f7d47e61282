"""The refresh token in a cookie: what it is like, and that no page but our own has it used."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from app.config import Environment, Settings
from app.main import create_app
from tests.api.signing import log_in
from tests.people import Person, open_client, using

OWN = {"Origin": "http://agendum.test"}
ALLOWED = "https://app.example.com"
FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "http://agendum.test.evil.example"},
    {"Origin": "http://evil.agendum.test"},
    {"Origin": "http://agendum.test:8080"},
    {"Origin": "agendum.test"},
    {"Origin": f"{ALLOWED}/"},
    {"Origin": f"{ALLOWED}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Referer": "http://agendum.test/"},
]


@pytest.fixture
async def page(app: FastAPI, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser's client, which keeps cookies, of an application that allows one origin."""
    made = create_app(settings.model_copy(update={"cors_origins": (ALLOWED,)}))
    made.state.runtime = using(made.state.runtime, app.state.runtime.database)
    async with open_client(made) as client:
        yield client


async def with_cookie(page: httpx2.AsyncClient, person: Person) -> httpx2.Response:
    page.headers["Origin"] = OWN["Origin"]
    answer = await log_in(page, person, cookie=True)
    del page.headers["Origin"]
    assert answer.status_code == 200, answer.text
    return answer


def attributes(answer: httpx2.Response) -> tuple[str, set[str]]:
    """Return the name of the cookie of an answer, and what else is said of it."""
    named, *others = answer.headers["Set-Cookie"].split("; ")
    return named.partition("=")[0], {other for other in others if not other.startswith("expires")}


@pytest.mark.spec("SESSION-020")
async def test_a_page_gets_the_refresh_token_in_a_cookie_and_not_in_the_body(
    page: httpx2.AsyncClient, ada: Person
) -> None:
    answer = await with_cookie(page, ada)
    assert answer.json()["refresh_token"] is None
    assert "agr_" not in answer.text
    assert attributes(answer) == (
        "agendum_refresh",
        {"HttpOnly", "SameSite=strict", "Path=/auth", "Max-Age=2592000"},
    )
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("SESSION-020")
async def test_in_production_the_cookie_is_for_tls_alone(
    app: FastAPI, settings: Settings, ada: Person
) -> None:
    made = create_app(settings.model_copy(update={"environment": Environment.PRODUCTION}))
    made.state.runtime = using(made.state.runtime, app.state.runtime.database)
    async with open_client(made, OWN) as client:
        name, others = attributes(await log_in(client, ada, cookie=True))
    assert (name, "Secure" in others) == ("__Secure-agendum_refresh", True)


@pytest.mark.spec("SESSION-020")
async def test_a_page_refreshes_and_leaves_by_its_cookie(page: httpx2.AsyncClient, ada: Person) -> None:
    await with_cookie(page, ada)
    first = page.cookies["agendum_refresh"]
    renewed = await page.post("/auth/refresh", json={}, headers=OWN)
    assert (renewed.status_code, renewed.json()["refresh_token"]) == (200, None)
    second = page.cookies["agendum_refresh"]
    assert first != second
    left = await page.post("/auth/logout", headers=OWN)
    assert (left.status_code, "agendum_refresh" in page.cookies) == (204, False)
    assert (await page.post("/auth/refresh", json={"refresh_token": second})).status_code == 401


@pytest.mark.spec("SESSION-021")
@pytest.mark.parametrize("headers", [OWN, {"Origin": ALLOWED}, {"Sec-Fetch-Site": "same-origin"}])
async def test_a_page_that_is_known_may_use_the_cookie(
    page: httpx2.AsyncClient, ada: Person, headers: dict[str, str]
) -> None:
    await with_cookie(page, ada)
    assert (await page.post("/auth/refresh", json={}, headers=headers)).status_code == 200


@pytest.mark.spec("SESSION-021")
@pytest.mark.parametrize("headers", FOREIGN)
async def test_no_other_page_may_use_the_cookie_or_get_one(
    page: httpx2.AsyncClient, ada: Person, headers: dict[str, str]
) -> None:
    """S27."""
    await with_cookie(page, ada)
    kept = page.cookies["agendum_refresh"]
    sent: list[tuple[str, dict[str, Any]]] = [
        ("/auth/refresh", {}),
        ("/auth/logout", {}),
        ("/auth/logout", {"refresh_token": None}),
    ]
    answers = [await page.post(path, json=body, headers=headers) for path, body in sent]
    page.headers.update(headers)
    answers.append(await log_in(page, ada, cookie=True))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "FOREIGN_ORIGIN")}
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert (await page.post("/auth/refresh", json={"refresh_token": kept})).status_code == 200


@pytest.mark.spec("SESSION-021")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_form_can_send_is_refused(page: httpx2.AsyncClient, ada: Person, kind: str) -> None:
    """S27."""
    await with_cookie(page, ada)
    for path in ("/auth/refresh", "/auth/logout", "/auth/login"):
        sent = await page.post(path, content=b"{}", headers=OWN | {"Content-Type": kind})
        assert sent.status_code == 415


@pytest.mark.spec("SESSION-020")
async def test_the_cookie_is_no_credential_of_anything_else(page: httpx2.AsyncClient, ada: Person) -> None:
    await with_cookie(page, ada)
    token = page.cookies["agendum_refresh"]
    cookie = {"Cookie": f"agendum_refresh={token}"} | OWN
    for path in ("/api/tasks", "/auth/sessions"):
        assert (await page.get(path, headers=cookie)).status_code == 401
    for path in ("/auth/logout-all", "/auth/password"):
        assert (await page.post(path, headers=cookie, json={})).status_code == 401


@pytest.mark.spec("SESSION-021")
async def test_a_token_in_the_body_goes_before_the_cookie_and_needs_no_page(
    page: httpx2.AsyncClient, ada: Person
) -> None:
    await with_cookie(page, ada)
    token = page.cookies["agendum_refresh"]
    renewed = await page.post("/auth/refresh", json={"refresh_token": token})
    assert renewed.json()["refresh_token"].startswith("agr_")
    assert "Set-Cookie" not in renewed.headers


@pytest.mark.parametrize("cookie", ["yes", 1, None, "true"])
async def test_whether_a_cookie_is_wanted_is_true_or_false(
    page: httpx2.AsyncClient, ada: Person, cookie: object
) -> None:
    assert (await log_in(page, ada, cookie=cookie)).status_code == 422
