"""Cursors: they come back as they were signed, for the same list alone, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.pagination import CursorSigner, InvalidCursorError

SIGNER = CursorSigner("a secret")
POSITIONS = st.lists(st.text(max_size=40), max_size=4).map(tuple)


@pytest.mark.spec("FIND-002")
@given(position=POSITIONS, scope=st.text(st.characters(codec="utf-8")))
def test_a_position_comes_back_as_it_was_signed(position: tuple[str, ...], scope: str) -> None:
    cursor = SIGNER.sign(scope, position)
    assert SIGNER.read(scope, cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


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


@pytest.mark.spec("FIND-002")
@given(data=st.data())
def test_no_character_can_be_altered(data: st.DataObject) -> None:
    cursor = SIGNER.sign("scope", ("2026-11-21T08:00:00+00:00", "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"))
    # The last character holds bits that no byte takes.
    place = data.draw(st.integers(0, len(cursor) - 2))
    letter = data.draw(st.sampled_from("ABCDEFwxyz0189-_").filter(lambda drawn: drawn != cursor[place]))
    with pytest.raises(InvalidCursorError):
        SIGNER.read("scope", cursor[:place] + letter + cursor[place + 1 :])
