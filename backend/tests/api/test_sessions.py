"""Logging out, here and everywhere, and seeing and ending one's sessions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx2
import pytest
from dirty_equals import IsStr
from fastapi import FastAPI

from app.config import Settings
from app.utils import refresh_tokens
from app.workers.housekeeping import tidy
from tests.api.rows import fetch
from tests.api.signing import at, refresh, refreshed, status_of, tokens_of
from tests.api.tokens import ELSEWHERE, ask, assert_refused, serving, shared
from tests.guards.scopes import EVERY_SCOPE, limited
from tests.people import PASSWORD, Person, access_token

BEGAN = datetime.now(UTC)
KINDS = ("body", "access token")


def session_of(tokens: dict[str, str]) -> str:
    return str(refresh_tokens.read(tokens["refresh_token"]).session_id)


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.mark.spec("SESSION-011", "SESSION-012")
@pytest.mark.parametrize("by", KINDS)
async def test_logging_out_ends_this_session_at_once_and_no_other(
    client: httpx2.AsyncClient, ada: Person, by: str
) -> None:
    """S23."""
    left, other = await tokens_of(client, ada), await tokens_of(client, ada)
    assert await status_of(client, left) == 200
    request = (
        {"json": {"refresh_token": left["refresh_token"]}} if by == "body" else {"headers": bearer(left)}
    )
    for status in (204, 204 if by == "body" else 401):
        assert (await client.post("/auth/logout", **request)).status_code == status
    assert await status_of(client, left) == 401
    assert_refused(await refresh(client, left))
    assert await status_of(client, await refreshed(client, other)) == 200


@pytest.mark.spec("SESSION-011")
async def test_an_expired_access_token_keeps_nobody_from_leaving(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    with at(BEGAN):
        first = await tokens_of(client, ada)
        second = await refreshed(client, first)
    with at(BEGAN, days=1):
        assert_refused(await client.post("/auth/logout", headers=bearer(second)))
        # Any refresh token of the session will do, with the expired one beside it.
        left = await client.post(
            "/auth/logout", json={"refresh_token": first["refresh_token"]}, headers=bearer(second)
        )
        assert left.status_code == 204
        assert_refused(await refresh(client, second))


@pytest.mark.spec("SESSION-011")
async def test_logging_out_without_anything_to_leave_by_is_401(client: httpx2.AsyncClient) -> None:
    for body in (None, {}, {"refresh_token": None}):
        answer = await client.post("/auth/logout", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.spec("SESSION-013")
async def test_logging_out_everywhere_ends_every_session_and_a_login_right_after_works(
    client: httpx2.AsyncClient, ada: Person, bob: Person
) -> None:
    sessions, bobs = [await tokens_of(client, ada) for _session in range(2)], await tokens_of(client, bob)
    # All of it within one second, which is all that `iat` tells.
    with at(datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1, milliseconds=600)):
        fresh = await tokens_of(client, ada)
        left = await client.post("/auth/logout-all", headers=bearer(fresh))
        assert left.status_code == 204
        for tokens in (*sessions, fresh):
            assert_refused(await refresh(client, tokens))
            assert await status_of(client, tokens) == 401
        again = await tokens_of(client, ada)
        assert await status_of(client, again) == 200
        assert await status_of(client, await refreshed(client, again)) == 200
        assert await status_of(client, bobs) == 200


@pytest.mark.spec("SESSION-013")
async def test_a_login_works_where_the_clock_is_behind_that_of_who_ended_all_sessions(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    await fetch(
        connection,
        "update agendum.account set tokens_valid_from = $1",
        datetime.now(UTC) + timedelta(seconds=5),
    )
    tokens = await tokens_of(client, ada)
    assert await status_of(client, await refreshed(client, tokens)) == 200


@pytest.mark.spec("SESSION-013", "AUTH-017")
async def test_logging_out_everywhere_refuses_what_another_issuer_has_given_out(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    elsewhere = settings.model_copy(update={"shared_secret_issuer": ELSEWHERE})
    async with serving(elsewhere, connection) as client:
        moment = int(datetime.now(UTC).timestamp())
        token = shared(iat=moment)
        assert (await ask(client, token)).status_code == 200
        headers = {"Authorization": f"Bearer {token}"}
        refused = await client.post("/auth/logout", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
        assert (await client.post("/auth/logout-all", headers=headers)).status_code == 204
        assert_refused(await ask(client, token))
        assert_refused(await ask(client, shared(iat=moment, jti="another")))
        assert (await ask(client, shared(iat=moment + 2))).status_code == 200


@pytest.mark.spec("SESSION-014", "SESSION-003")
async def test_the_sessions_of_a_person_say_which_one_asks(
    client: httpx2.AsyncClient, ada: Person, bob: Person
) -> None:
    await bob.start_session(device="Bob's")
    tokens = await tokens_of(client, ada)
    await ada.start_session(device="Over", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    listed = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["items"]
    assert [(item["id"], item["current"]) for item in listed] == [
        (session_of(tokens), True),
        (ada.user_id, False),
    ]
    assert listed[0] == {
        "id": IsStr(),
        "device": IsStr(regex="python-httpx.*"),
        "address": "127.0.0.1",
        "created_at": listed[0]["last_seen_at"],
        "last_seen_at": IsStr(),
        "expires_at": IsStr(),
        "current": True,
    }


@pytest.mark.spec("SESSION-003")
async def test_a_refresh_is_when_a_session_was_last_seen(client: httpx2.AsyncClient, ada: Person) -> None:
    tokens = await tokens_of(client, ada)
    with at(datetime.now(UTC), seconds=600):
        tokens = await refreshed(client, tokens)
        listed = (await client.get("/auth/sessions", headers=bearer(tokens))).json()["items"]
    seen, began = (datetime.fromisoformat(listed[0][name]) for name in ("last_seen_at", "created_at"))
    assert seen - began > timedelta(seconds=500)
    assert listed[0]["current"]


@pytest.mark.spec("SESSION-015", "SESSION-012")
async def test_ending_another_session_refuses_its_tokens_at_once(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    tokens = await tokens_of(client, ada)
    assert await status_of(client, tokens) == 200
    path = f"/auth/sessions/{session_of(tokens)}"
    assert [(await ada.client.delete(path)).status_code for _time in range(2)] == [204, 404]
    assert await status_of(client, tokens) == 401
    assert_refused(await refresh(client, tokens))


@pytest.mark.spec("SESSION-015")
async def test_nobody_ends_somebody_elses_session(ada: Person, bob: Person) -> None:
    theirs = await bob.start_session()
    answers = [await ada.client.delete(f"/auth/sessions/{one}") for one in (theirs, UUID(int=9))]
    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
        (404, "There is no such session.")
    ] * 2
    assert str(theirs) in (await bob.client.get("/auth/sessions")).text


@pytest.mark.spec("SESSION-016")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/logout-all", None),
        ("POST", "/auth/password", {"old_password": PASSWORD, "new_password": "quite another long one"}),
        ("DELETE", "/auth/sessions/{session_id}", None),
    ],
)
async def test_a_token_that_was_made_for_a_program_ends_nothing(
    app: FastAPI,
    client: httpx2.AsyncClient,
    ada: Person,
    *,
    method: str,
    path: str,
    body: dict[str, str] | None,
) -> None:
    tokens = await tokens_of(client, ada)
    async with limited(app, ada, EVERY_SCOPE) as program:
        address = path.format(session_id=session_of(tokens))
        refused = await program.client.request(method, address, json=body)
        listed = (await program.client.get("/auth/sessions")).json()["items"]
    assert (refused.status_code, refused.json()["code"]) == (403, "SIGN_IN_REQUIRED")
    assert [item["current"] for item in listed] == [False, False]
    assert await status_of(client, await refreshed(client, tokens)) == 200


@pytest.fixture
async def other_process(
    settings: Settings, connection: asyncpg.Connection
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of another application, with a memory of its own, over the same database."""
    async with serving(settings, connection) as client:
        yield client


@pytest.mark.spec("SESSION-012", "AUTH-018")
async def test_what_one_process_ends_another_refuses_within_a_minute(
    other_process: httpx2.AsyncClient,
    client: httpx2.AsyncClient,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S23."""
    tokens = await tokens_of(client, ada)
    assert [await status_of(each, tokens) for each in (client, other_process)] == [200, 200]
    await client.post("/auth/logout", headers=bearer(tokens))
    assert await status_of(client, tokens) == 401
    transport = other_process._transport
    assert isinstance(transport, httpx2.ASGITransport)
    memory = transport.app.state.runtime.callers  # type: ignore[attr-defined]
    now = memory._clock()
    monkeypatch.setattr(memory, "_clock", lambda: now + 30)
    assert await status_of(other_process, tokens) == 401


@pytest.mark.spec("SESSION-017")
async def test_what_has_ended_a_day_ago_is_removed(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    moment = datetime.now(UTC)
    for hours in (23, 25):
        await ada.start_session(device=f"Ended {hours}", expires_at=moment - timedelta(hours=hours))
    await tidy(app.state.runtime.database, now=moment)
    rows = await fetch(connection, "select device from agendum.session where user_id = $1", ada.user_id)
    assert {row["device"] for row in rows} == {None, "Ended 23"}


@pytest.mark.spec("SESSION-010")
async def test_an_access_token_does_not_outlive_its_session(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    ended = await ada.start_session(expires_at=datetime.now(UTC) + timedelta(seconds=10))
    token = access_token(app.state.runtime, ada.user_id, sid=str(ended))
    assert (await ask(client, token)).status_code == 200
    app.state.runtime.identity.forget(ada.user_id)
    with at(datetime.now(UTC), seconds=600):
        assert_refused(await ask(client, access_token(app.state.runtime, ada.user_id, sid=str(ended))))
