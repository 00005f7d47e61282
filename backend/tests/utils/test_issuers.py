"""Issuers in another spelling: which count as one, and that nothing else of a token can come into a log line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.utils.issuers import spelled_otherwise

CONFIGURED = ("agendum", "http://localhost:3000", "https://app.example.com", "http://[::1]:4000")


@pytest.mark.spec("AUTH-011")
@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("http://127.0.0.1:3000", "http://localhost:3000"),
        ("https://localhost:3000", "http://localhost:3000"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("HTTP://LOCALHOST:3000", "http://localhost:3000"),
        ("http://[::1]:3000/", "http://localhost:3000"),
        ("http://localhost:4000", "http://[::1]:4000"),
        ("http://app.example.com", "https://app.example.com"),
        ("https://app.example.com:443/", "https://app.example.com"),
        ("http://localhost:3001", None),
        ("http://localhost", None),
        ("http://localhost:3000/api/auth", None),
        ("http://localhost:3000//", None),
        ("http://localhost:3000/\n", None),
        (" http://localhost:3000", None),
        ("http://ada@localhost:3000", None),
        ("http://other.example.com", None),
        ("ftp://localhost:3000", None),
        ("Agendum", None),
        ("", None),
    ],
)
def test_an_issuer_is_known_in_another_spelling(stated: str, meant: str | None) -> None:
    assert spelled_otherwise(stated, CONFIGURED) == meant


@pytest.mark.spec("AUTH-011")
@given(
    stated=st.text(max_size=400)
    | st.from_regex(r"https?://(localhost|\[::1\]|app.example.com)(:[0-9]*)?/?\s*", fullmatch=True)
)
def test_what_is_known_in_another_spelling_may_stand_in_a_log_line(stated: str) -> None:
    if spelled_otherwise(stated, CONFIGURED) is not None:
        assert stated.isascii()
        assert stated.isprintable()
        assert " " not in stated
        assert len(stated) <= 270
