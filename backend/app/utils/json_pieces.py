"""Reads a large JSON object member by member, and a list in it item by item, as strictly as `strict_json`.

It has one item and a window of text in memory, and judges no value.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from app.utils.strict_json import DECODER, MalformedJSONError, RepeatedNameError

# What one item may be long, in characters.
WINDOW = 1024 * 1024
_SPACE = re.compile(r"[ \t\n\r]*")


class LongItemError(ValueError):
    """An item is longer than the window."""


class Piece(NamedTuple):
    """A member of the object, or an item of a list that is a member.

    Attributes:
        name: The name of the member.
        place: Where the item stands, or None for the member itself.
        value: What it says; None for a list itself, whose items follow.
        is_list: Whether it is a list, or of one.
    """

    name: str
    place: int | None
    value: Any
    is_list: bool


class JsonPieces:
    """A JSON object that is read piece by piece.

    Args:
        read: Gives the next bytes of its text, so many at most; none at the end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._decode: Final = codecs.getincrementaldecoder("utf-8-sig")("strict").decode
        self._text, self._at, self._ended = "", 0, False

    def __iter__(self) -> Iterator[Piece]:
        """Give each member, and each item of those that are lists.

        Raises:
            MalformedJSONError: It is no JSON object in UTF-8.
            RepeatedNameError: An object in it has a name twice.
            LongItemError: An item is longer than the window.
        """
        self._expect("{")
        names: set[str] = set()
        while self._goes_on("}", first=not names):
            name = self._value()
            if not isinstance(name, str):
                raise MalformedJSONError
            if name in names:
                raise RepeatedNameError
            names.add(name)
            self._expect(":")
            yield from self._member(name)
        if self._next():
            raise MalformedJSONError

    def _member(self, name: str) -> Iterator[Piece]:
        if self._next() != "[":
            yield Piece(name, None, self._value(), is_list=False)
            return
        self._at += 1
        yield Piece(name, None, None, is_list=True)
        index = 0
        while self._goes_on("]", first=index == 0):
            yield Piece(name, index, self._value(), is_list=True)
            index += 1

    def _goes_on(self, end: str, *, first: bool) -> bool:
        """Pass what stands between two members or items; tell whether another one follows."""
        following = self._next()
        if following == end:
            self._at += 1
            return False
        if not first:
            self._expect(",")
        return True

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise MalformedJSONError
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is no space, or nothing at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._next()
        while len(self._text) - self._at <= WINDOW and self._fill():
            continue
        try:
            value, self._at = DECODER.raw_decode(self._text, self._at)
        except RepeatedNameError:
            raise
        except json.JSONDecodeError as error:
            is_cut = error.pos >= len(self._text) or error.msg.startswith("Unterminated string")
            raise LongItemError if is_cut and not self._ended else MalformedJSONError from None
        except (ValueError, RecursionError):
            raise MalformedJSONError from None
        return value

    def _fill(self) -> bool:
        """Read more text, and forget what was read; tell whether there was more."""
        if self._ended:
            return False
        piece = self._read(WINDOW)
        self._ended = not piece
        try:
            self._text = self._text[self._at :] + self._decode(piece, self._ended)
        except UnicodeDecodeError:
            raise MalformedJSONError from None
        self._at = 0
        return True
