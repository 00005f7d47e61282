"""What is JSON, and what only some readers take for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.strict_json import MalformedJSONError, RepeatedNameError, parse

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_what_is_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value).encode()
    assert parse(text) == json.loads(text) == parse(b"\xef\xbb\xbf" + text)


@given(VALUES, st.text())
def test_a_name_that_is_there_twice_is_refused_wherever_it_stands(value: Any, name: str) -> None:
    member = f"{json.dumps(name)}:{json.dumps(value)}"
    for text in (
        f"{{{member},{member}}}",
        f"[{{{member}}},{{{member},{member}}}]",
        f'{{"x":[{{{member},{member}}}]}}',
    ):
        with pytest.raises(RepeatedNameError):
            parse(text.encode())


def test_a_name_is_the_same_however_it_is_written() -> None:
    with pytest.raises(RepeatedNameError):
        parse(b'{"op":1,"\\u006fp":2}')
    assert parse(b'{"op":1,"Op":2,"op ":3}') == {"op": 1, "Op": 2, "op ": 3}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[1,]",
        b"NaN",
        b"[-Infinity]",
        b'{"a":Infinity}',
        b"01",
        b"'a'",
        b'"\t"',
        b"\xff",
        b'"\xed\xa0\x80"',
        b"9" * 5000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xef\xbb\xbf\xef\xbb\xbf1",
        '{"a":1}'.encode("utf-16"),
        "1".encode("utf-32-be"),
    ],
)
def test_anything_else_is_malformed_and_not_repeated(text: bytes) -> None:
    with pytest.raises(MalformedJSONError) as refused:
        parse(text)
    assert str(refused.value) == ""
