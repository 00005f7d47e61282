"""Guessing passwords is bounded by account and by address, and locks nobody out of where they are."""

import asyncio
from unittest.mock import AsyncMock

import pytest
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.services.mail_budget import may_get_mail
from app.utils.passwords import Passwords
from tests.api.limiting import ELSEWHERE, HOME, Time, client_at, limit, log_in

RIGHT, WRONG = "correct horse battery", "another horse battery"
# As many as may fail by default, and in tests that need not wait for so many.
DEFAULT, TRIES = 10, 3


@pytest.fixture
def time(app: FastAPI) -> Time:
    return limit(app, f"auth=off,failed-logins={TRIES}/10 minutes")


@pytest.fixture
async def email(app: FastAPI) -> str:
    return await register(app)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    """Counts how often a password is looked at, which goes on as ever."""
    spy = AsyncMock(side_effect=Passwords.verify.__get__(Passwords()))
    monkeypatch.setattr(Passwords, "verify", spy)
    return spy


async def register(app: FastAPI) -> str:
    email = f"{uuid7()}@example.com"
    async with client_at(app, "192.0.2.200") as client:
        body = {"email": email, "password": RIGHT, "name": "Ada"}
        assert (await client.post("/auth/register", json=body)).status_code == 201
    return email


async def guess(app: FastAPI, email: str, *, times: int = TRIES, address: str | None = None) -> list[int]:
    """Guess wrongly, each time from another address unless one is named."""
    places = [address or f"192.0.2.{number}" for number in range(times)]
    return [(await log_in(app, email, WRONG, address=place)).status_code for place in places]


# S21: ten failures in ten minutes for an account, from wherever they come.
@pytest.mark.spec("LIMIT-030", "LIMIT-033")
async def test_an_account_is_guessed_at_ten_times_in_ten_minutes(
    app: FastAPI, email: str, looks: AsyncMock
) -> None:
    time = limit(app, "")
    assert await guess(app, email, times=DEFAULT) == [401] * DEFAULT
    time.pass_by(100)
    refused = await log_in(app, email.upper(), RIGHT, address=ELSEWHERE)
    assert (refused.status_code, refused.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert refused.headers["Retry-After"] == "500"
    assert looks.await_count == DEFAULT
    time.pass_by(500)
    assert (await log_in(app, email, RIGHT, address=ELSEWHERE)).status_code == 200


# S21: and from an address, whomever they are about.
@pytest.mark.spec("LIMIT-030")
async def test_an_address_guesses_ten_times_in_ten_minutes(app: FastAPI, email: str) -> None:
    time = limit(app, "")
    for _try in range(DEFAULT):
        assert await guess(app, f"{uuid7()}@example.com", times=1, address=HOME) == [401]
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 429
    assert (await log_in(app, email, RIGHT, address=ELSEWHERE)).status_code == 200
    time.pass_by(600)
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200


# S16: whether somebody has registered is told neither by the answers nor by when they change.
@pytest.mark.usefixtures("time")
@pytest.mark.spec("LIMIT-030")
async def test_an_unknown_account_is_limited_as_a_known_one(
    app: FastAPI, email: str, looks: AsyncMock
) -> None:
    unknown = f"{uuid7()}@example.com"
    known = await guess(app, email, times=TRIES + 2)
    assert looks.await_count == TRIES
    assert await guess(app, unknown, times=TRIES + 2) == known == [401] * TRIES + [429] * 2
    assert looks.await_count == 2 * TRIES
    bodies = [(await log_in(app, each, RIGHT, address=ELSEWHERE)).json() for each in (email, unknown)]
    assert bodies[0] | {"request_id": ""} == bodies[1] | {"request_id": ""}


# S21: no lockout of the victim: neither for good, nor by a stranger, where the victim has been before.
@pytest.mark.spec("LIMIT-032")
async def test_a_stranger_locks_nobody_out_of_where_they_are(app: FastAPI, time: Time, email: str) -> None:
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200
    time.pass_by(29 * 24 * 3600)
    await guess(app, email, times=3 * TRIES)
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200
    assert (await log_in(app, email, RIGHT, address=ELSEWHERE)).status_code == 429


@pytest.mark.usefixtures("time")
@pytest.mark.spec("LIMIT-032")
async def test_a_neighbour_locks_nobody_out_by_guessing_at_others(app: FastAPI, email: str) -> None:
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200
    await guess(app, await register(app), times=TRIES + 1, address=HOME)
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200


@pytest.mark.usefixtures("time")
@pytest.mark.spec("LIMIT-032")
async def test_at_a_place_that_is_known_guessing_is_limited_too(app: FastAPI, email: str) -> None:
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200
    assert await guess(app, email, times=TRIES + 1, address=HOME) == [401] * TRIES + [429]
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 429


@pytest.mark.usefixtures("time")
@pytest.mark.spec("LIMIT-031")
async def test_a_right_password_gives_back_nothing_but_its_own_attempt(app: FastAPI, email: str) -> None:
    victims = [f"{uuid7()}@example.com" for _victim in range(TRIES + 1)]
    answers = []
    for victim in victims:
        answers += await guess(app, victim, times=1, address=HOME)
        answers.append((await log_in(app, email, RIGHT, address=HOME)).status_code)
    assert answers[: 2 * TRIES] == [401, 200] * TRIES
    assert answers[2 * TRIES] == 429


@pytest.mark.spec("LIMIT-031")
async def test_attempts_at_once_are_no_way_around(own_app: FastAPI, looks: AsyncMock) -> None:
    limit(own_app, f"auth=off,failed-logins={TRIES}/10 minutes")
    email = await register(own_app)
    asked = [log_in(own_app, email, WRONG, address=f"192.0.2.{number}") for number in range(3 * TRIES)]
    answers = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (answers.count(401), answers.count(429)) == (TRIES, 2 * TRIES)
    assert looks.await_count == TRIES


@pytest.mark.usefixtures("time")
@pytest.mark.spec("LIMIT-031")
async def test_an_attempt_that_says_nothing_is_given_back(
    app: FastAPI, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Passwords, "verify", AsyncMock(side_effect=OSError))
        assert await guess(app, email, times=TRIES + 5, address=HOME) == [500] * (TRIES + 5)
    assert (await log_in(app, email, RIGHT, address=HOME)).status_code == 200


@pytest.mark.spec("LIMIT-003")
async def test_failed_attempts_stay_limited_without_rates(app: FastAPI, email: str) -> None:
    limit(app, "off")
    assert await guess(app, email, times=DEFAULT + 1) == [401] * DEFAULT + [429]


@pytest.mark.spec("LIMIT-035")
async def test_an_address_gets_five_mails_an_hour(app: FastAPI) -> None:
    time, budgets = limit(app, ""), app.state.runtime.budgets
    sent = [await may_get_mail(budgets, email=email) for email in ["ada@example.com", "Ada@Example.com"] * 3]
    assert sent == [True] * 5 + [False]
    assert await may_get_mail(budgets, email="bob@example.com")
    time.pass_by(3600)
    assert await may_get_mail(budgets, email="ada@example.com")
