"""Large bodies take turns: how many are read at once, of one person and of everybody, and who waits."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import FastAPI

from app.dependencies import bodies
from tests.api.exchange import Slow
from tests.people import Person, joined

pytestmark = pytest.mark.broad
SMALL = 16 * 1024


@pytest.fixture
async def known(ada: Person, bob: Person) -> list[Person]:
    """Two people whose tokens are remembered."""
    for person in (ada, bob):
        await person.client.get("/api/me")
    return [ada, bob]


async def under_way(app: FastAPI, requests: list[Slow]) -> list[asyncio.Task[None]]:
    """Send requests, and let them come as far as they can."""
    tasks = [asyncio.create_task(request.send(app)) for request in requests]
    for _step in range(50):
        await asyncio.sleep(0)
    return tasks


@pytest.mark.spec("OPS-031")
async def test_of_one_persons_large_bodies_two_are_read_at_once(app: FastAPI, known: list[Person]) -> None:
    ada, bob = known
    mine, others = [Slow(ada) for _body in range(5)], [Slow(bob)]
    tasks = await under_way(app, mine + others)
    assert [request.asked for request in mine + others] == [2, 2, 0, 0, 0, 2]
    for request in mine + others:
        request.go_on.set()
    await asyncio.gather(*tasks)
    assert {request.status for request in mine + others} == {422}


@pytest.mark.spec("OPS-031")
async def test_of_everybodys_large_bodies_eight_are_read_at_once(app: FastAPI) -> None:
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(joined(app)) for _person in range(5)]
        for person in people:
            await person.client.get("/api/me")
        requests = [Slow(person) for person in people for _body in range(2)]
        tasks = await under_way(app, requests)
        assert [request.asked for request in requests] == [2] * 8 + [0] * 2
        for task in tasks[8:]:
            task.cancel()
        later = [Slow(people[4]) for _body in range(2)]
        for request in requests[:8] + later:
            request.go_on.set()
        await asyncio.gather(*tasks, *await under_way(app, later), return_exceptions=True)
    assert {request.status for request in requests[:8] + later} == {422}


@pytest.mark.spec("OPS-031")
async def test_a_small_body_waits_for_nobody(app: FastAPI, known: list[Person]) -> None:
    ada, _bob = known
    large, small = (
        [Slow(ada) for _body in range(2)],
        [Slow(ada, b'{"title":""'.ljust(SMALL - 7)) for _body in range(20)],
    )
    tasks = await under_way(app, large + small)
    assert {request.asked for request in small} == {2}
    for request in large + small:
        request.go_on.set()
    await asyncio.gather(*tasks)


@pytest.mark.spec("OPS-031")
async def test_a_large_body_that_waits_too_long_is_to_be_sent_again(
    app: FastAPI, known: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "TURN_LIMIT", 0.05)
    ada, _bob = known
    first, late = [Slow(ada) for _body in range(2)], Slow(ada)
    tasks = await under_way(app, first)
    await late.send(app)
    assert (late.status, late.code, late.asked) == (503, "BUSY", 0)
    assert (b"retry-after", b"1") in late.headers
    for request in first:
        request.go_on.set()
    await asyncio.gather(*tasks)


@pytest.mark.spec("OPS-031", "OPS-030")
async def test_a_large_body_that_does_not_say_how_long_it_is_has_a_turn_at_once_or_none(
    app: FastAPI, known: list[Person]
) -> None:
    ada, bob = known
    first, late = [Slow(ada, announced=False) for _body in range(2)], Slow(ada, announced=False)
    small, others = Slow(ada, b'{"title":""', announced=False), Slow(bob, announced=False)
    tasks = await under_way(app, [*first, late, small, others])
    assert (late.status, late.code, late.asked) == (503, "BUSY", 1)
    assert {(b"retry-after", b"1"), (b"connection", b"close")} <= set(late.headers)
    for request in (*first, small, others):
        request.go_on.set()
    await asyncio.gather(*tasks)
    assert {request.status for request in (*first, small, others)} == {422}


@pytest.mark.spec("OPS-031")
async def test_senders_who_go_away_give_their_turns_back(app: FastAPI, known: list[Person]) -> None:
    ada, _bob = known
    for _round in range(3):
        tasks = await under_way(app, [Slow(ada) for _body in range(5)])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    again = Slow(ada)
    again.go_on.set()
    await again.send(app)
    assert again.status == 422
