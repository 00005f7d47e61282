"""Tokens that are known by their looks: prefix, 256 bits of chance, checksum."""

import hashlib
import re
import zlib

import pytest

from app.utils.checked_tokens import digest_of, is_checked, new_token

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def read(text: str) -> int:
    """Return the number that a text of base 62 means."""
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    return number


@pytest.mark.spec("TOKEN-003")
def test_a_token_has_the_form_that_scanners_look_for_and_the_checksum_of_the_rest() -> None:
    tokens = [new_token("agp_") for _ in range(500)]
    assert all(re.fullmatch("agp_[0-9A-Za-z]{49}", token) for token in tokens)
    assert [read(token[-6:]) for token in tokens] == [zlib.crc32(token[:-6].encode()) for token in tokens]
    assert all(is_checked(token, "agp_") for token in tokens)


@pytest.mark.spec("TOKEN-003")
def test_a_token_has_256_bits_of_chance() -> None:
    numbers = [read(new_token("agp_")[4:-6]) for _ in range(500)]
    assert max(numbers) < 2**256
    # Each bit is 0 in some token and 1 in another: by chance that fails once in 2 ** 491.
    assert all(0 < sum(number >> bit & 1 for number in numbers) < 500 for bit in range(256))


@pytest.mark.spec("TOKEN-012")
def test_any_character_that_is_altered_is_seen() -> None:
    token = new_token("agp_")
    for place, character in enumerate(token):
        other = DIGITS[(DIGITS.find(character) + 1) % 62]
        assert not is_checked(token[:place] + other + token[place + 1 :], "agp_"), place


@pytest.mark.spec("TOKEN-012")
def test_what_is_not_of_the_form_is_seen() -> None:
    token = new_token("agp_")
    others = [
        "",
        "agp_",
        "agp_" * 1000,
        token[:-1],
        token + "0",
        token.upper(),
        token.lower(),
        token.swapcase(),
    ]
    others += [
        f" {token}",
        f"{token}\n",
        f"{token} ",
        token.replace("agp_", "agq_"),
        token[4:],
        f"agp_{token}",
    ]
    others += [
        "agp_" + "\u0664" * 49,
        "agp_" + "\ud800" * 49,
        "agp_" + "é" * 49,
        token[:30] + "\0" + token[31:],
    ]
    assert [other for other in others if is_checked(other, "agp_")] == []


@pytest.mark.spec("TOKEN-003")
def test_the_digest_is_sha_256_of_the_whole_token() -> None:
    token = new_token("agp_")
    assert digest_of(token) == hashlib.sha256(token.encode("ascii")).digest()
