"""Regular expressions, and libraries, that have a floor: no text makes a pattern slow, no release has a known hole."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import app
from tests.guards.source_module import BACKEND

_parser: Any = importlib.import_module("re._parser")
# Entry points and migrations do something when they are imported.
NOT_IMPORTED = re.compile(r"app\.(__main__|migrations\..*)")
MANY = 100
KNOWN = {
    "app.utils.etags._LIST": "an entity tag begins and ends with a quote, and a list beyond a length is refused unread",
    "app.domain.languages._WELL_FORMED": "each part begins with a hyphen, and a tag has at most 35 characters",
}
# The first releases without what security advisories tell of them.
FLOORS = {"starlette": (1, 3, 0), "h11": (0, 16, 0)}
PINNED = re.compile(r"^([a-z0-9._-]+)==([0-9.]+)", re.MULTILINE)


def patterns() -> dict[str, str | bytes]:
    """Return every pattern that a module of the app keeps, by name."""
    names = [found.name for found in pkgutil.walk_packages(app.__path__, "app.")]
    return {
        f"{name}.{key}": value.pattern
        for name in names
        if not NOT_IMPORTED.fullmatch(name)
        for key, value in vars(importlib.import_module(name)).items()
        if isinstance(value, re.Pattern)
    }


def repeats_a_repeat(parts: Any, *, inside: bool = False) -> bool:
    """Tell whether something that is repeated without end is repeated without end itself.

    Only that lets a matcher that goes back try ways that double with each character.
    """
    for operator, detail in parts:
        repeats = str(operator) in ("MAX_REPEAT", "MIN_REPEAT") and detail[1] > MANY
        if inside and repeats:
            return True
        if any(repeats_a_repeat(inner, inside=inside or repeats) for inner in _inner(detail)):
            return True
    return False


def _inner(detail: Any) -> Iterator[Any]:
    if isinstance(detail, _parser.SubPattern):
        yield detail
    elif isinstance(detail, tuple | list):
        for part in detail:
            yield from _inner(part)


def test_no_pattern_repeats_what_repeats() -> None:
    """S35."""
    every = patterns()
    slow = {name for name, pattern in every.items() if repeats_a_repeat(_parser.parse(pattern))}
    assert slow == KNOWN.keys()
    assert len(every) >= 20


@pytest.mark.parametrize(
    ("pattern", "slow"),
    [
        ("(a+)+b", True),
        ("((?:x|a*)y?)*", True),
        ("(a|b)*", False),
        ("(?:a{1,3})+", False),
        ("[a-z]+@[a-z]+", False),
    ],
)
def test_a_pattern_that_repeats_what_repeats_is_seen(pattern: str, *, slow: bool) -> None:
    assert repeats_a_repeat(_parser.parse(pattern)) is slow


def versions() -> dict[str, tuple[int, ...]]:
    """Return the releases that an installation has."""
    text = (BACKEND / "requirements.txt").read_text(encoding="utf-8")
    return {name: tuple(map(int, version.split("."))) for name, version in PINNED.findall(text)}


@pytest.mark.parametrize("name", FLOORS)
def test_no_library_is_older_than_its_last_known_hole(name: str) -> None:
    """S51."""
    assert versions()[name] >= FLOORS[name]


def test_tokens_are_read_by_one_library_that_is_not_pyjwt() -> None:
    """S51: whose floor is for those who use it."""
    assert not versions().keys() & {"pyjwt", "python-jose", "jwt"}
    assert "joserfc" in versions()
