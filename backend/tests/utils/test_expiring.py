"""The bounded memory: entries expire on time, and the least recently used goes first."""

import pytest

from app.utils.expiring import ExpiringMemory


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> ExpiringMemory[str]:
    return ExpiringMemory(2, clock=clock)


@pytest.mark.spec("AUTH-010")
def test_a_value_is_remembered_until_its_time_is_up(memory: ExpiringMemory[str], clock: Clock) -> None:
    memory.keep(b"a", "ada", seconds=60)
    clock.seconds += 59.9
    assert memory.recall(b"a") == "ada"
    clock.seconds += 0.1
    assert memory.recall(b"a") is None


@pytest.mark.spec("AUTH-010")
def test_an_expired_value_takes_no_place(memory: ExpiringMemory[str]) -> None:
    memory.keep(b"a", "ada", seconds=0)
    memory.recall(b"a")
    assert not memory._entries


@pytest.mark.spec("AUTH-010")
def test_reading_does_not_prolong(memory: ExpiringMemory[str], clock: Clock) -> None:
    memory.keep(b"a", "ada", seconds=60)
    for _ in range(6):
        clock.seconds += 10
        memory.recall(b"a")
    assert memory.recall(b"a") is None


@pytest.mark.spec("AUTH-010")
def test_the_least_recently_used_goes_first(memory: ExpiringMemory[str]) -> None:
    memory.keep(b"a", "ada", seconds=60)
    memory.keep(b"b", "bob", seconds=60)
    memory.recall(b"a")
    memory.keep(b"c", "cleo", seconds=60)
    assert [memory.recall(key) for key in (b"a", b"b", b"c")] == ["ada", None, "cleo"]


@pytest.mark.spec("AUTH-010")
def test_a_value_that_is_kept_again_replaces_the_first(memory: ExpiringMemory[str]) -> None:
    for name in ("ada", "bob", "cleo"):
        memory.keep(b"a", name, seconds=60)
    assert (memory.recall(b"a"), len(memory._entries)) == ("cleo", 1)


def test_what_is_meant_is_forgotten_and_nothing_else() -> None:
    memory: ExpiringMemory[str] = ExpiringMemory(10)
    for key, value in ((b"1", "Ada"), (b"2", "Bob"), (b"3", "Ada")):
        memory.keep(key, value, seconds=60)
    memory.forget(lambda value: value == "Ada")
    assert [memory.recall(key) for key in (b"1", b"2", b"3")] == [None, "Bob", None]
    assert memory.forgotten == 1
