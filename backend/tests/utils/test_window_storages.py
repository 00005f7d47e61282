"""Windows in memory: what they count, when they end, and that there are never too many."""

import asyncio

import pytest
from limits import parse
from limits.aio.strategies import FixedWindowRateLimiter

from app.utils.window_storages import MOST_KEYS, MemoryWindows, Window
from tests.api.limiting import Time


@pytest.mark.spec("LIMIT-001")
async def test_a_window_begins_with_its_first_use_and_ends() -> None:
    memory = MemoryWindows(clock=(time := Time()))
    assert await memory.spend("a", 60) == Window(1, 60)
    time.pass_by(20)
    assert await memory.spend("a", 60, 2) == Window(3, 40)
    assert await memory.spend("b", 60) == Window(1, 60)
    time.pass_by(40)
    assert await memory.spend("a", 60) == Window(1, 60)


@pytest.mark.spec("LIMIT-031")
async def test_what_is_given_back_is_never_more_than_was_used_and_opens_no_window() -> None:
    memory = MemoryWindows(clock=(time := Time()))
    await memory.spend("a", 60)
    assert await memory.spend("a", 60, -1) == await memory.spend("a", 60, -1) == Window(0, 60)
    time.pass_by(60)
    assert await memory.spend("a", 60, -1) == Window(0, 0)
    assert await memory.spend("unknown", 60, -1) == Window(0, 0)
    assert len(memory) == 1


@pytest.mark.spec("LIMIT-012")
async def test_however_many_addresses_come_no_more_windows_are_kept_than_there_is_room_for() -> None:
    memory = MemoryWindows(1_000)
    for number in range(20_000):
        await memory.spend(f"LIMITER/auth/{number}/30/1/minute", 60)
    assert len(memory) == 1_000
    assert MemoryWindows()._size == MOST_KEYS == 100_000


@pytest.mark.spec("LIMIT-012")
async def test_the_oldest_windows_are_forgotten_and_those_that_have_ended_first() -> None:
    memory = MemoryWindows(3, clock=(time := Time()))
    for key in "abc":
        await memory.spend(key, 60)
    await memory.spend("a", 60)
    await memory.spend("d", 60)
    assert [await memory.get(key) for key in "abcd"] == [0, 1, 1, 1]
    time.pass_by(60)
    await memory.spend("e", 60)
    assert len(memory) == 2


async def test_it_is_a_storage_as_the_library_knows_them() -> None:
    memory = MemoryWindows(clock=(time := Time()))
    limiter, item = FixedWindowRateLimiter(memory), parse("2/minute")
    assert [await limiter.hit(item, "ada") for _use in range(3)] == [True, True, False]
    assert await limiter.get_window_stats(item, "ada") == (time() + 60, 0)
    assert await memory.check()
    await limiter.clear(item, "ada")
    assert await limiter.test(item, "ada")
    await asyncio.gather(*(memory.incr(key, 60) for key in "ab"))
    assert await memory.reset() == 2
