"""Text: what may stand in it is stored as it was written, and everything else is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.text import one_line, storable

CONTROLS = [chr(number) for number in range(0x10000) if unicodedata.category(chr(number)) == "Cc"]
BREAKS = ["\t", "\n", "\r"]


@pytest.mark.spec("TASK-003")
@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_text_without_controls_is_kept_as_it_is(text: str) -> None:
    assert storable(text) is text


@pytest.mark.spec("TASK-003")
@pytest.mark.parametrize("character", BREAKS)
def test_tabs_and_line_breaks_are_text(character: str) -> None:
    assert storable(f"a{character}b") == f"a{character}b"


@pytest.mark.spec("TASK-003")
@pytest.mark.parametrize(
    "character",
    [character for character in CONTROLS if character not in BREAKS]
    + ["\ud800", "\udbff", "\udc00", "\udfff"],
)
def test_other_controls_and_lone_surrogates_are_not(character: str) -> None:
    for text in (character, f"a{character}", f"{character}b"):
        with pytest.raises(ValueError, match="must not contain control characters"):
            storable(text)


@pytest.mark.spec("TASK-002")
@pytest.mark.parametrize("character", [*CONTROLS, "\u2028", "\u2029", "\ud800"])
def test_a_line_holds_no_break_and_no_control(character: str) -> None:
    with pytest.raises(ValueError, match="must be one line"):
        one_line(f"a{character}b")


@pytest.mark.spec("TASK-002")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t",
        "\n",
        "\u00a0",
        "\u2003\u3000",
        " \x1f ",
        "\u200b\u2060",
        "\u2800",
        "\u3164 \uffa0",
        "\ufe0f",
        "\U000e0101",
    ],
)
def test_a_blank_line_is_empty(text: str) -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        one_line(text)


@pytest.mark.spec("TASK-002")
@pytest.mark.parametrize(
    "text",
    ["a", " a ", "0", "\U0001f3e0", "a\u200b", "\u202ea", "\u2764\ufe0f", "\ud55c", "\u2801", "\u0915\u094d"],
)
def test_a_line_is_kept_as_it_is(text: str) -> None:
    assert one_line(text) is text
