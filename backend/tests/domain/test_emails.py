"""E-mail addresses: which texts are one, in what form they are kept, and which two are the same."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import validate_email

from app.domain.emails import email_address, given_email

CANARY = "canary-7f3a"
NAMES = ("localhost", "home.arpa", "nas.test", "nas.local", "nas.localhost", "nas.home.arpa")
NOWHERE = (
    *("gmail", "test", "local", "arpa", "invalid", "nas.invalid", "nas.onion", "in-addr.arpa", ".local", "-.local"),
    *("nas..local", "nas.local.", "127.0.0.1", "[127.0.0.1]", "xlocalhost", "nas_1.local", "a b.test", "local host"),
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
@pytest.mark.parametrize("domain", [*NAMES, "example.com", "a.b.example.org", "xn--bcher-kva.example", "mail.internal"])
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
    | st.tuples(TEXTS, st.emails(), st.sampled_from([">", "> ", ">\t", ""])).map(lambda parts: f"{parts[0]}<{parts[1]}{parts[2]}")
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
