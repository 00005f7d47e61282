"""Values that are signed as JavaScript servers sign cookies: which are read, and that no other text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.signed_values import is_signed_value, read_signed_value
from tests.foreign_sessions import signed

# In the form of Better Auth's tokens.
TOKEN = "h7REAP4iyY3Yzb0wA5Bs8DS8a3T2X4P5"


@pytest.mark.spec("BETTER-002")
def test_a_value_is_read_under_any_of_the_secrets() -> None:
    assert read_signed_value(signed(TOKEN, "old"), ("new", "old")) == TOKEN
    assert read_signed_value(signed(TOKEN, "sécret 李"), ("sécret 李",)) == TOKEN
    assert read_signed_value(signed(TOKEN, "old"), ("new",)) is None
    assert read_signed_value(signed(TOKEN, "old"), ()) is None


@pytest.mark.spec("BETTER-002")
def test_a_changed_character_anywhere_is_seen() -> None:
    whole = signed(TOKEN, "secret")
    for place, character in enumerate(whole):
        changed = whole[:place] + ("B" if character == "A" else "A") + whole[place + 1 :]
        assert read_signed_value(changed, ("secret",)) is None, place


@pytest.mark.spec("BETTER-002")
@given(st.text() | st.text("ab.=+/A1", max_size=90))
def test_any_text_is_refused(text: str) -> None:
    assert read_signed_value(text, ("secret",)) is None


@pytest.mark.spec("BETTER-002")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        TOKEN,
        TOKEN + "." + "A" * 43,
        TOKEN + "." + "A" * 44,
        TOKEN + "." + "A" * 42 + "==",
        TOKEN + "." + "-" * 43 + "=",
        "a." + TOKEN + "." + "A" * 43 + "=",
        "x" * 256 + "." + "A" * 43 + "=",
        "a b." + "A" * 43 + "=",
        "é." + "A" * 43 + "=",
        TOKEN + "." + "A" * 43 + "=\n",
    ],
)
def test_another_form_is_no_signed_value(text: str) -> None:
    assert not is_signed_value(text)
