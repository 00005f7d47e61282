"""Passwords: argon2id with the agreed parameters, off the event loop, and no more at once than there are cores."""

import os
import threading
import time
from typing import Any

import anyio
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from app.utils.passwords import Passwords

pytestmark = pytest.mark.broad


class ObservedHasher(PasswordHasher):
    """A quick hasher that notes the threads it runs on and how many run at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.threads: set[int] = set()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Note, wait a little, and hash."""
        with self._lock:
            self.threads.add(threading.get_ident())
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(0.01)
        with self._lock:
            self.running -= 1
        return super().hash(password, salt=salt)

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 (the library's name)
        """Note, wait a little, and verify."""
        self.hash(password)
        return super().verify(hash, password)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords()


@pytest.mark.spec("AUTH-003", "USER-003")
async def test_a_hash_is_argon2id_with_the_agreed_parameters(passwords: Passwords) -> None:
    """S20."""
    parameters = extract_parameters(await passwords.hash("correct horse"))
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19 * 1024
    assert parameters.time_cost >= 2
    assert parameters.parallelism == 1


@pytest.mark.spec("AUTH-003")
async def test_a_hash_verifies_its_own_password_alone(passwords: Passwords) -> None:
    encoded = await passwords.hash("correct horse")
    assert encoded != await passwords.hash("correct horse")
    assert await passwords.verify("correct horse", encoded=encoded)
    assert not await passwords.verify("Correct horse", encoded=encoded)


@pytest.mark.spec("AUTH-002")
@pytest.mark.parametrize("encoded", [None, "", "not a hash", "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA"])
async def test_nothing_verifies_without_a_hash(passwords: Passwords, encoded: str | None) -> None:
    assert not await passwords.verify("", encoded=encoded)
    assert not await passwords.verify("correct horse", encoded=encoded)


@pytest.mark.spec("AUTH-002")
async def test_even_the_password_of_the_hash_that_stands_in_is_nobodys(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_decoy", await passwords.hash("correct horse"))
    assert not await passwords.verify("correct horse", encoded=None)


@pytest.mark.spec("AUTH-002", "AUTH-003")
async def test_the_hash_that_stands_in_costs_the_same(passwords: Passwords) -> None:
    """S17."""
    assert extract_parameters(passwords._decoy) == extract_parameters(await passwords.hash("correct horse"))


@pytest.mark.spec("AUTH-003")
async def test_hashing_leaves_the_loop_free_and_takes_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """S20."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    passwords, hasher = Passwords(), ObservedHasher()
    monkeypatch.setattr(passwords, "_hasher", hasher)
    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(passwords.hash, f"password {number}")
            group.start_soon(lambda: passwords.verify("correct horse", encoded=None))
    assert hasher.most == 2
    assert threading.get_ident() not in hasher.threads


@pytest.mark.spec("AUTH-003")
async def test_a_password_counts_to_its_last_character(passwords: Passwords) -> None:
    """S18: nothing is cut off, neither behind 72 bytes nor behind a NUL, and no kind of character is demanded."""
    for password in ("a" * 128, "\u00e4" * 128, "correct\0horse", " " * 12 + "x", "12345678901x"):
        encoded = await passwords.hash(password)
        assert await passwords.verify(password, encoded=encoded)
        assert not await passwords.verify(password[:-1] + "y", encoded=encoded)
        assert not await passwords.verify(password[:-1], encoded=encoded)
