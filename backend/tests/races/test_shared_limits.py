"""Processes that share a Redis share every budget, and lose nothing but that when it is away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from app.config import ConfigurationError, Limit, Settings
from app.config.limits import LimitSettings
from app.main import create_app
from app.services.mail_budget import may_get_mail
from app.utils.budgets import Budgets
from app.utils.window_storages import RedisWindows, Window
from tests.api.limiting import ELSEWHERE, HOME, Time, ask, log_in
from tests.people import make_person, open_client
from tests.races.redis_server import PASSWORD, PROGRAM, RedisServer

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
SECRET = "a secret for tests alone, 0123456789"
# Seconds: nobody here is judged by how busy the machine is.
LONG = 30.0


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
async def windows(redis: RedisServer) -> AsyncIterator[RedisWindows]:
    windows = RedisWindows(redis.url)
    yield windows
    await windows.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Redis take its time, on a machine that has other things to do."""
    monkeypatch.setattr("app.utils.budgets.PATIENCE", LONG)


@asynccontextmanager
async def process(database: str, redis: RedisServer, limits: str) -> AsyncIterator[FastAPI]:
    """Serve as one process of several does."""
    app = create_app(
        Settings(DATABASE_URL=database, BETTER_AUTH_SECRET=SECRET, REDIS_URL=redis.url, AGENDUM_LIMITS=limits)
    )
    async with app.router.lifespan_context(app):
        yield app


@asynccontextmanager
async def budgets(redis: RedisServer, text: str, *, time: Time | None = None) -> AsyncIterator[Budgets]:
    windows = RedisWindows(redis.url)
    limits, clock = LimitSettings(AGENDUM_LIMITS=text).limits, time or monotonic
    made = Budgets(limits, key=b"of a test", redis=windows, clock=clock)
    yield made
    await made.close()


async def used(of: Budgets, who: str = "ada", times: int = 1) -> list[int]:
    standings = [await of.spend(Limit.READ, who) for _time in range(times)]
    return [standing.used for standing in standings if standing is not None]


# S38: two processes share one budget; over-admission is at most 10 %, and here it is none.
@pytest.mark.spec("LIMIT-010")
@pytest.mark.usefixtures("patient")
async def test_two_processes_admit_what_one_would(own_database: str, redis: RedisServer) -> None:
    async with (
        process(own_database, redis, "read=60/10 minutes") as one,
        process(own_database, redis, "read=60/10 minutes") as other,
    ):
        ada = await make_person(one)
        async with ada.client, open_client(other, dict(ada.client.headers)) as elsewhere:
            asked = [client.get("/api/me") for client in (ada.client, elsewhere) for _time in range(60)]
            answers = [answer.status_code for answer in await asyncio.gather(*asked)]
            assert (answers.count(200), answers.count(429)) == (60, 60)
            refused = await elsewhere.get("/api/me")
            assert 590 <= int(refused.headers["Retry-After"]) <= 600
        assert [await ask(app, HOME) for app in (one, other)] == [422, 422]


# S21: over all processes together.
@pytest.mark.spec("LIMIT-010", "LIMIT-030", "LIMIT-032")
@pytest.mark.usefixtures("patient")
async def test_failed_attempts_and_known_places_are_shared(own_database: str, redis: RedisServer) -> None:
    limits, email, right = "failed-logins=4/10 minutes", "ada@example.com", "correct horse battery"
    async with process(own_database, redis, limits) as one, process(own_database, redis, limits) as other:
        async with open_client(one) as client:
            body = {"email": email, "password": right, "name": "Ada"}
            assert (await client.post("/auth/register", json=body)).status_code == 201
        assert (await log_in(one, email, right, address=HOME)).status_code == 200
        guesses = [(app, f"192.0.2.{number}") for number in range(3) for app in (one, other)]
        answers = [await log_in(app, email, "another horse", address=place) for app, place in guesses]
        assert [answer.status_code for answer in answers] == [401] * 4 + [429] * 2
        assert (await log_in(other, email, right, address=ELSEWHERE)).status_code == 429
        assert (await log_in(other, email, right, address=HOME)).status_code == 200


@pytest.mark.spec("LIMIT-010")
async def test_a_window_begins_with_its_first_use_and_ends(windows: RedisWindows) -> None:
    first = await windows.spend("a", 1)
    assert first.used == 1
    assert 0 < first.left <= 1
    assert (await windows.spend("a", 1, 2)).used == 3
    await asyncio.sleep(1.1)
    assert await windows.spend("a", 1, -1) == Window(0, 0)
    assert (await windows.spend("a", 60)).used == 1


@pytest.mark.spec("LIMIT-014")
@pytest.mark.usefixtures("patient")
async def test_redis_holds_nothing_of_anybody_and_may_be_emptied(
    own_database: str, redis: RedisServer
) -> None:
    async with process(own_database, redis, "") as app, Redis.from_url(redis.url) as seen:
        for password in ("another horse", "yet another horse"):
            assert (await log_in(app, "ada@example.com", password)).status_code == 401
        assert await may_get_mail(app.state.runtime.budgets, email="ada@example.com")
        keys = [key.decode() for key in await seen.keys("*")]
        assert len(keys) == 4
        assert all(key.startswith("agendum:") for key in keys)
        assert [key for key in keys if "ada" in key or "example" in key] == []
        assert [key for key in keys if HOME in key] == []
        assert all([await seen.ttl(key) > 0 for key in keys])
        await seen.flushall()
        assert (await log_in(app, "ada@example.com", "another horse")).status_code == 401


@pytest.mark.spec("LIMIT-011")
@pytest.mark.usefixtures("patient")
async def test_while_it_is_away_the_process_counts_and_once_it_is_back_they_all_do(
    redis: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    time = Time()
    async with budgets(redis, "read=3/minute", time=time) as one, budgets(redis, "read=3/minute") as other:
        assert await used(one) + await used(other) == [1, 2]
        redis.end()
        assert await used(one, times=5) == [1, 2, 3, 4, 5]
        time.pass_by(59)
        assert await used(one) == [6]
        redis.start()
        assert await used(one) == [7], "it is not tried again before its pause has ended"
        time.pass_by(1)
        assert await used(one) + await used(other) == [1, 2]
    lines = [line for line in capsys.readouterr().out.splitlines() if "redis is" in line]
    assert ["away" in line for line in lines[:1]] + ["back" in line for line in lines[1:2]] == [True, True]
    assert not any(PASSWORD in line or str(redis.port) in line for line in lines)


@pytest.mark.spec("LIMIT-011")
async def test_one_that_does_not_answer_delays_one_request_at_a_time(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.utils.budgets.PATIENCE", 0.05)
    time, tried = Time(), 0
    async with budgets(redis, "read=1000/minute", time=time) as own:
        redis.freeze()
        assert await used(own) == [1]
        original = RedisWindows.spend

        async def counting(self: RedisWindows, key: str, expiry: int, amount: int = 1) -> Window:
            nonlocal tried
            tried += 1
            return await original(self, key, expiry, amount)

        monkeypatch.setattr(RedisWindows, "spend", counting)
        for _second in range(3):
            time.pass_by(1)
            assert len(await asyncio.gather(*(used(own) for _request in range(50)))) == 50
        redis.thaw()
    assert tried == 3


@pytest.mark.spec("LIMIT-011")
async def test_nobody_waits_for_one_that_is_away_and_nothing_fails(
    own_database: str, redis: RedisServer
) -> None:
    redis.end()
    async with process(own_database, redis, "auth=2/minute") as app:
        assert [await ask(app, HOME) for _time in range(3)] == [422, 422, 429]
        answer = await log_in(app, "ada@example.com", "another horse", address=ELSEWHERE)
        assert answer.status_code == 401
    redis.start()


@pytest.mark.spec("LIMIT-010")
def test_an_address_that_cannot_be_read_stops_the_start_and_is_not_told() -> None:
    database, redis = "postgresql://nobody@127.0.0.1:1/nowhere", f"redis://:{PASSWORD}@host:port/0"
    with pytest.raises(ConfigurationError) as refused:
        create_app(Settings(DATABASE_URL=database, BETTER_AUTH_SECRET=SECRET, REDIS_URL=redis))
    assert str(refused.value) == "REDIS_URL cannot be read"
    assert refused.value.__cause__ is None
