"""Refresh tokens: each is good once, a retry within a minute gets the same successor, and reuse ends the session."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.runtime import Runtime
from app.utils import refresh_tokens
from app.utils.refresh_tokens import Named
from tests.api.rows import fetch
from tests.api.signing import Tokens, at, log_in, refresh, refreshed, status_of, tokens_of
from tests.api.tokens import ask, assert_refused
from tests.people import Person, access_token

BEGAN = datetime.now(UTC)


@pytest.mark.spec("SESSION-001", "SESSION-002")
async def test_a_session_goes_on_for_30_days_from_each_refresh_and_for_180_at_most(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    day, left = 24 * 3600, []
    with at(BEGAN):
        tokens = await tokens_of(client, ada)
    for number in range(1, 7):
        with at(BEGAN, days=29 * number):
            tokens = await refreshed(client, tokens)
            left.append(tokens["refresh_expires_in"])
    assert left == [30 * day] * 5 + [6 * day]
    with at(BEGAN, days=180):
        assert_refused(await refresh(client, tokens))


@pytest.mark.spec("SESSION-002")
async def test_a_session_that_is_not_refreshed_for_30_days_has_ended(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    with at(BEGAN):
        tokens = await tokens_of(client, ada)
    with at(BEGAN, days=30):
        assert_refused(await refresh(client, tokens))


@pytest.mark.spec("SESSION-004", "SESSION-005")
async def test_each_refresh_gives_other_tokens_and_both_access_tokens_are_good(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    with at(BEGAN):
        first = await tokens_of(client, ada)
    with at(BEGAN, seconds=1):
        second = await refreshed(client, first)
        assert first["refresh_token"] != second["refresh_token"]
        assert first["access_token"] != second["access_token"]
        assert [await status_of(client, tokens) for tokens in (first, second)] == [200, 200]


@pytest.mark.spec("SESSION-006")
@pytest.mark.parametrize("later", [0, 1, 60])
async def test_a_retry_within_a_minute_gets_the_same_successor(
    client: httpx2.AsyncClient, ada: Person, later: float
) -> None:
    """S22."""
    with at(BEGAN):
        first = await tokens_of(client, ada)
        second = await refreshed(client, first)
    with at(BEGAN, seconds=later):
        again = await refreshed(client, first)
        assert again["refresh_token"] == second["refresh_token"]
        await refreshed(client, again)


@pytest.mark.spec("SESSION-006")
async def test_a_retry_gets_the_current_token_whichever_was_retired_within_a_minute(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    with at(BEGAN):
        chain = [await tokens_of(client, ada)]
    for number in range(3):
        with at(BEGAN, seconds=25 * number):
            chain.append(await refreshed(client, chain[-1]))
    with at(BEGAN, seconds=70):
        # The second one was retired 45 seconds ago, and two others since.
        assert (await refreshed(client, chain[1]))["refresh_token"] == chain[3]["refresh_token"]
        assert (await refresh(client, chain[0])).json()["code"] == "REFRESH_REUSED"


@pytest.mark.spec("SESSION-007")
async def test_a_token_that_comes_back_after_a_minute_ends_the_session(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    """S22."""
    with at(BEGAN):
        first, other = await tokens_of(client, ada), await tokens_of(client, ada)
        second = await refreshed(client, first)
        assert await status_of(client, second) == 200
    with at(BEGAN, seconds=60.001), capture_logs() as logs:
        answer = await refresh(client, first)
        assert (answer.status_code, answer.json()["code"]) == (401, "REFRESH_REUSED")
        assert_refused(await refresh(client, second))
        assert await status_of(client, second) == 401
        assert await status_of(client, other) == 200
    told = next(entry for entry in logs if entry["event"] == "refresh token reused")
    assert (told["log_level"], told["user_id"]) == ("warning", ada.user_id)
    assert not re.search(r"agr_|eyJ", str(logs))


def forgeries(runtime: Runtime, token: str, seeds: dict[str, bytes]) -> dict[str, str]:
    """Return what only looks like a refresh token of a session."""
    named, secret = refresh_tokens.read(token), runtime.identity.secret

    def forged(secret: str = secret, seed: bytes = seeds["own"], **changed: Any) -> str:
        return refresh_tokens.write(secret, named._replace(**changed), seed=seed)

    content, signature = token.rpartition(".")[::2]
    # The last character of 256 bits in base64 has bits to spare: another spelling of the same signature.
    spelt = signature[:-1] + chr(ord(signature[-1]) + 1)
    return {
        "another secret": forged(secret="another secret"),
        "another seed": forged(seed=seeds["other"]),
        "a seed of zeros": forged(seed=bytes(32)),
        "the next generation, signed for this one": re.sub(r"\.1\.", ".2.", token),
        "somebody else's session": forged(session_id=UUID(int=7)),
        "somebody else": forged(owner="somebody"),
        "no signature": content,
        "an empty signature": f"{content}.",
        "another spelling": f"{content}.{spelt}",
        "upper case": token.upper(),
        "a space": f" {token}",
        "twice": token * 2,
        "nothing of it": "agr_",
        "not in text": "agr_" + "_w" * 10 + token[token.index(".") :],
        "a very long generation": re.sub(r"\.1\.", f".{'9' * 19}.", token),
    }


@pytest.mark.spec("SESSION-008")
async def test_what_only_looks_like_a_refresh_token_is_refused_and_ends_nothing(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    tokens, other = await tokens_of(client, ada), await tokens_of(client, ada)
    rows = await fetch(connection, "select id, seed from agendum.session where device is not null")
    of_session = {row["id"]: row["seed"] for row in rows}
    own = refresh_tokens.read(tokens["refresh_token"]).session_id
    theirs = refresh_tokens.read(other["refresh_token"]).session_id
    seeds = {"own": of_session[own], "other": of_session[theirs]}
    for about, forged in forgeries(app.state.runtime, tokens["refresh_token"], seeds).items():
        assert_refused(await refresh(client, {"refresh_token": forged}), about)
        assert_refused(await client.post("/auth/logout", json={"refresh_token": forged}), about)
    await refreshed(client, tokens)


@pytest.mark.spec("SESSION-008")
async def test_one_kind_of_token_is_never_taken_for_another(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    """S12."""
    tokens = await tokens_of(client, ada)
    session_id = refresh_tokens.read(tokens["refresh_token"]).session_id
    for credential in (tokens["refresh_token"], str(session_id), session_id.hex):
        assert_refused(await ask(client, credential))
    for credential in (tokens["access_token"], str(session_id), access_token(app.state.runtime, ada.user_id)):
        assert_refused(await refresh(client, {"refresh_token": credential}))


@pytest.mark.spec("SESSION-010")
@pytest.mark.parametrize("named", [None, "", "no id", 5, [], {"id": 1}, str(UUID(int=5)), "bob"])
async def test_an_access_token_of_no_session_of_its_person_is_refused(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person, bob: Person, *, named: object
) -> None:
    sid = bob.user_id if named == "bob" else named
    assert_refused(await ask(client, access_token(app.state.runtime, ada.user_id, sid=sid)))


@pytest.mark.spec("SESSION-008")
async def test_nothing_in_the_database_is_a_token(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    tokens = await tokens_of(client, ada)
    await refreshed(client, tokens)
    rows = str(await fetch(connection, "select row_to_json(s)::text as row from agendum.session s"))
    for token in (tokens["refresh_token"], tokens["access_token"]):
        assert token.rpartition(".")[2] not in rows


@pytest.mark.spec("SESSION-005")
@pytest.mark.parametrize(
    "body",
    [
        {"refresh_token": "agr_x", "user_id": "x"},
        {"refresh_token": 5},
        {"refresh_token": ""},
        {"refresh_token": "x" * 8193},
        {"refresh_token": ["x"]},
        {"generation": 1},
        [],
    ],
)
async def test_a_refresh_takes_a_token_and_nothing_else(client: httpx2.AsyncClient, body: object) -> None:
    assert (await client.post("/auth/refresh", json=body)).status_code == 422


@pytest.mark.spec("SESSION-005")
async def test_a_refresh_without_a_token_is_401(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/auth/refresh", json={})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.spec("SESSION-009")
async def test_somebody_who_is_disabled_learns_that_only_by_what_is_right(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    tokens = await tokens_of(client, ada)
    await fetch(connection, "update agendum.account set disabled_at = now()")
    answers = {
        "wrong": await log_in(client, ada, password="another horse battery"),
        "right": await log_in(client, ada),
        "refresh": await refresh(client, tokens),
    }
    assert {name: answer.json()["code"] for name, answer in answers.items()} == {
        "wrong": "WRONG_CREDENTIALS",
        "right": "ACCOUNT_DISABLED",
        "refresh": "ACCOUNT_DISABLED",
    }
    assert {answer.status_code for answer in answers.values()} == {401}


@pytest.mark.spec("SESSION-003")
async def test_a_session_shows_a_bounded_printable_device(client: httpx2.AsyncClient, ada: Person) -> None:
    agent = {b"User-Agent": b"Fire\x1b[31mfox \xe2\x80\xae" + b"x" * 1000}
    await client.post(
        "/auth/login",
        json={"email": f"{ada.user_id}@example.com", "password": "correct horse battery"},
        headers=agent,
    )
    shown = (await ada.client.get("/auth/sessions")).json()["items"][0]
    assert shown["device"].startswith("Fire?[31mfox ???xxx")
    assert len(shown["device"]) == 200
    assert shown["address"] == "127.0.0.1"


@pytest.mark.spec("SESSION-001")
async def test_the_least_recently_seen_session_ends_when_there_are_more_than_100(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    old = [
        await ada.start_session(last_seen_at=BEGAN - timedelta(days=1, seconds=number))
        for number in range(99)
    ]
    tokens: Tokens = await tokens_of(client, ada)
    listed = [item["id"] for item in (await ada.client.get("/auth/sessions")).json()["items"]]
    assert len(listed) == 100
    assert str(old[-1]) not in listed
    assert {
        str(old[-2]),
        ada.user_id,
        str(Named(*refresh_tokens.read(tokens["refresh_token"])).session_id),
    } <= {*listed}
