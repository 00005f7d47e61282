"""A large JSON object is read piece by piece as it would be read whole, however its bytes arrive."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.utils import json_pieces
from app.utils.json_pieces import JsonPieces, LongItemError
from app.utils.strict_json import MalformedJSONError, RepeatedNameError, parse

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def reading(content: bytes, *, at_once: int) -> Callable[[int], bytes]:
    """Return what gives so many bytes at once."""
    left = bytearray(content)

    def read(_size: int) -> bytes:
        piece = bytes(left[:at_once])
        del left[:at_once]
        return piece

    return read


def whole(content: bytes, *, at_once: int = 3) -> dict[str, Any]:
    """Return what the pieces of an object make together."""
    made: dict[str, Any] = {}
    for piece in JsonPieces(reading(content, at_once=at_once)):
        if not piece.is_list:
            made[piece.name] = piece.value
        elif piece.place is None:
            made[piece.name] = []
        else:
            assert piece.place == len(made[piece.name])
            made[piece.name].append(piece.value)
    return made


WRITTEN = st.fixed_dictionaries({"indent": st.sampled_from([None, 1]), "ensure_ascii": st.booleans()})


@pytest.mark.spec("PORT-010")
@settings(max_examples=60)
@given(st.dictionaries(TEXT, VALUES, max_size=4), st.integers(1, 40), WRITTEN)
def test_pieces_make_the_whole(value: dict[str, Any], at_once: int, written: dict[str, Any]) -> None:
    content = json.dumps(value, **written).encode("utf-8", "surrogatepass")
    assert whole(content, at_once=at_once) == parse(content)


@pytest.mark.spec("PORT-010")
@given(st.binary(max_size=40) | st.text('{}[]:,"a1 \\', max_size=12).map(str.encode))
def test_what_is_no_object_is_refused_as_a_whole_one_is(content: bytes) -> None:
    try:
        known = parse(content)
    except (MalformedJSONError, RepeatedNameError) as refused:
        with pytest.raises(type(refused)):
            whole(content)
        return
    if isinstance(known, dict):
        assert whole(content) == known
    else:
        with pytest.raises(MalformedJSONError):
            whole(content)


@pytest.mark.spec("PORT-010")
def test_an_item_beyond_the_window_is_told_from_what_is_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_pieces, "WINDOW", 10)
    with pytest.raises(LongItemError):
        whole(b'{"a":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}')
    with pytest.raises(MalformedJSONError):
        whole(b'{"a":[nope,11111111111111,11111111111,11111]}')
    assert whole(b'{"a":["xxxxxxxx"]          }') == {"a": ["xxxxxxxx"]}
