"""Cursors: they come back as they were signed, for the same list alone, and nothing else is one."""

import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer, TimestampSigner

from app.utils.cursors import CursorSigner, InvalidCursorError

pytestmark = pytest.mark.broad

SIGNER = CursorSigner("a secret")
POSITIONS = st.lists(st.text(max_size=40), max_size=4).map(tuple)


@pytest.mark.spec("FIND-002")
@given(position=POSITIONS, scope=st.text(st.characters(codec="utf-8")))
def test_a_position_comes_back_as_it_was_signed(position: tuple[str, ...], scope: str) -> None:
    cursor = SIGNER.sign(scope, position)
    assert SIGNER.read(scope, cursor) == position
    # What a URL may hold as it is (RFC 3986, section 2.3).
    assert set(cursor) <= set(string.ascii_letters + string.digits + "-_.")


@pytest.mark.spec("FIND-002")
@given(scope=st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_cursor_is_of_one_scope_and_one_secret(scope: str) -> None:
    cursor = SIGNER.sign("", ("a", "b"))
    for signer, other in ((SIGNER, scope), (CursorSigner("another secret"), "")):
        with pytest.raises(InvalidCursorError):
            signer.read(other, cursor)


@pytest.mark.spec("FIND-002")
@given(text=st.text(max_size=2000))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursorError, match=r"^is not a cursor of this list$"):
        SIGNER.read("scope", text)


@pytest.mark.spec("FIND-002")
def test_a_long_text_is_refused_unread() -> None:
    with pytest.raises(InvalidCursorError):
        SIGNER.read("scope", SIGNER.sign("scope", ("x" * 8192,)))


def is_refused(cursor: str, *, scope: str = "scope") -> bool:
    """Tell whether a cursor is refused, in the words that repeat nothing of it."""
    try:
        SIGNER.read(scope, cursor)
    except InvalidCursorError as refusal:
        return str(refusal) == "is not a cursor of this list"
    return False


ALPHABET = string.ascii_letters + string.digits + "-_=+/.~!% \0\n\u00e9\ud800"


@pytest.mark.spec("FIND-020")
@pytest.mark.parametrize(
    "position", [("a",), ("ab",), ("abc",), ("2026-11-21T08:00:00+00:00", "019aa4b2-7c1e-7d3f")], ids=str
)
def test_every_text_that_differs_in_one_character_is_refused(position: tuple[str, ...]) -> None:
    cursor = SIGNER.sign("scope", position)
    for place, character in itertools.product(range(len(cursor) + 1), ALPHABET):
        before, after = cursor[:place], cursor[place + 1 :]
        # One character in place of another, one more, one less.
        for altered in (before + character + after, before + character + cursor[place:], before + after):
            assert altered == cursor or is_refused(altered), altered
    assert SIGNER.read("scope", cursor) == position


@pytest.mark.spec("FIND-020")
@given(position=POSITIONS, ending=st.text(ALPHABET, min_size=1, max_size=4))
def test_nothing_may_follow_a_cursor_or_come_before_it(position: tuple[str, ...], ending: str) -> None:
    cursor = SIGNER.sign("scope", position)
    assert is_refused(cursor + ending)
    assert is_refused(ending + cursor)


@pytest.mark.spec("FIND-020")
def test_what_was_signed_for_another_purpose_is_no_cursor() -> None:
    content = SIGNER.sign("scope", ("a",)).partition(".")[0]
    for signer in (
        Signer("a secret"),
        Signer("a secret", salt="scope"),
        TimestampSigner("a secret", salt="scope"),
    ):
        assert is_refused(signer.sign(content).decode())


@pytest.mark.spec("FIND-020")
def test_parts_of_two_cursors_make_none() -> None:
    one, other = (SIGNER.sign("scope", (text,)).split(".") for text in "ab")
    assert is_refused(".".join((one[0], other[1])))
    assert is_refused(".".join((*one, other[1])))
