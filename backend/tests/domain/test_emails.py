"""E-mail addresses: which texts are one, in what form they are kept, and which two are the same."""

import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import validate_email

from app.domain.emails import email_address, folded_email, given_email

CANARY = "canary-7f3a"
NAMES = ("localhost", "home.arpa", "nas.test", "nas.local", "nas.localhost", "nas.home.arpa")
NOWHERE = (
    *(
        "gmail",
        "test",
        "local",
        "arpa",
        "invalid",
        "nas.invalid",
        "nas.onion",
        "in-addr.arpa",
        ".local",
        "-.local",
    ),
    *(
        "nas..local",
        "nas.local.",
        "127.0.0.1",
        "[127.0.0.1]",
        "xlocalhost",
        "nas_1.local",
        "a b.test",
        "local host",
    ),
)
LONG = "x" * 60
# Ordinary letters, and those that addresses are made of.
TEXTS = st.text(max_size=40) | st.text("aZ0.@<>\"' -\\é\u0130\u212a\u1e9e\n\t\0", max_size=30)


def judged(judge: Callable[[str], str], text: str) -> str:
    """Return the address that a text is, or why it is none."""
    try:
        return judge(text)
    except ValueError as refusal:
        return str(refusal)


@pytest.mark.spec("USER-008")
@pytest.mark.parametrize(
    "domain", [*NAMES, "example.com", "a.b.example.org", "xn--bcher-kva.example", "mail.internal"]
)
def test_an_address_is_kept_in_one_form(domain: str) -> None:
    kept = email_address(f" Ada@{domain.upper()}\t")
    assert kept == f"Ada@{domain.replace('xn--bcher-kva', 'bücher')}"
    assert email_address(kept) == kept


@pytest.mark.spec("USER-008")
@pytest.mark.parametrize("domain", NOWHERE)
def test_a_domain_that_leads_nowhere_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match=r"^must be an e-mail address$"):
        email_address(f"ada@{domain}")


@pytest.mark.spec("USER-007")
@pytest.mark.parametrize("ending", ["example.com", *NAMES])
def test_an_address_has_at_most_254_bytes(ending: str) -> None:
    full = f"{'a' * (254 - len(ending) - 1 - 122)}@{LONG}.{LONG}.{ending}"
    assert len(full) == 254
    assert email_address(full) == full
    for longer in ("a" + full, "é" + full[1:]):
        with pytest.raises(ValueError, match="e-mail"):
            email_address(longer)


@pytest.mark.spec("USER-007")
@given(text=TEXTS, ending=st.sampled_from(["", "@example.com", "@nas.local", "@localhost", "@nas.test>"]))
def test_any_text_is_an_address_or_refused_without_repeating_it(text: str, ending: str) -> None:
    for judge in (email_address, given_email):
        told = judged(judge, CANARY + text + ending)
        assert told.startswith("must be") or email_address(told) == told
        assert CANARY not in told or "@" in told


@pytest.mark.spec("USER-009")
@given(
    text=st.emails()
    | st.tuples(TEXTS, st.emails(), st.sampled_from([">", "> ", ">\t", ""])).map(
        lambda parts: f"{parts[0]}<{parts[1]}{parts[2]}"
    )
)
def test_what_registrations_took_before_means_the_same_address(text: str) -> None:
    try:
        taken = validate_email(text)[1]
    except ValueError:
        return
    assert given_email(text) == taken


@pytest.mark.spec("USER-007")
@pytest.mark.parametrize("character", ["a", "\u0130", "<", '"', "\u0338", "@", "."])
def test_a_long_text_is_judged_quickly(character: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="must be"):
        given_email(character * 2040 + "@x.test")
    assert time.process_time() - began < 1


LETTERS = st.text() | st.text(
    "iI\u0130\u0131\u0307jJ\u030c\u01f0\u03a3\u03c3\u03c2.\u1e9e\u00df\u212aK\u00c5\u212b", max_size=12
)


def by_the_database(text: str) -> str:
    """Fold as PostgreSQL's lower() does where it knows all letters.

    Each alone, U+0130 as an i (tests/migrations compares).
    """
    return "".join("i" if character == "\u0130" else character.lower() for character in text)


@pytest.mark.spec("USER-010")
@given(text=LETTERS)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded_email(folded_email(text)) == folded_email(text)


@pytest.mark.spec("USER-010")
@given(text=LETTERS)
def test_an_email_is_the_same_however_its_letters_are_written(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert folded_email(unicodedata.normalize(form, text)) == folded_email(text)


@pytest.mark.spec("USER-010")
@given(one=LETTERS, other=LETTERS)
def test_a_character_is_folded_whatever_stands_beside_it(one: str, other: str) -> None:
    assert folded_email(f"{one}.{other}") == f"{folded_email(one)}.{folded_email(other)}"


@pytest.mark.spec("USER-010")
@given(one=LETTERS, other=LETTERS)
def test_what_the_database_told_apart_stays_apart(one: str, other: str) -> None:
    written = [unicodedata.normalize("NFC", text) for text in (one, other)]
    before = {unicodedata.normalize("NFC", by_the_database(text)) for text in written}
    after = {folded_email(text) for text in written}
    if len(before) == 2:
        assert len(after) == 2
    elif "\u0130" not in "".join(written):
        assert len(after) == 1


@pytest.mark.spec("USER-010")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ADA@example.com", "ada@example.com", True),
        ("\u0130x@example.com", "ix@example.com", False),
        ("\u0131x@example.com", "ix@example.com", False),
        ("\u00c9cole@example.com", "e\u0301cole@example.com", True),
        ("J\u030c@example.com", "\u01f0@example.com", True),
        ("\u039f\u03a3@example.com", "\u03bf\u03c3@example.com", True),
        ("stra\u00dfe@example.com", "strasse@example.com", False),
        ("STRA\u1e9eE@example.com", "stra\u00dfe@example.com", True),
    ],
)
def test_which_emails_are_the_same(one: str, other: str, *, same: bool) -> None:
    assert (folded_email(one) == folded_email(other)) is same
