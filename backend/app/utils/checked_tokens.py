"""Random tokens that can be recognised by their looks: a prefix, 256 bits of chance, and a checksum. It keeps none."""

import hashlib
import re
import secrets
import zlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# 62 ** 43 is more than 2 ** 256, and 62 ** 6 more than 2 ** 32.
_RANDOM, _CHECKSUM = 43, 6
_BODY = re.compile(f"[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


def new_token(prefix: str) -> str:
    """Return a new token that begins with a prefix."""
    unchecked = prefix + _written(secrets.randbits(256), digits=_RANDOM)
    return unchecked + _checksum(unchecked)


def is_checked(token: str, prefix: str) -> bool:
    """Tell whether a text has the form of a token with this prefix, and the checksum of its other characters."""
    if not token.startswith(prefix) or _BODY.fullmatch(token, len(prefix)) is None:
        return False
    return _checksum(token[:-_CHECKSUM]) == token[-_CHECKSUM:]


def digest_of(token: str) -> bytes:
    """Return the SHA-256 digest of a token; without a salt, because nobody can guess 256 bits."""
    return hashlib.sha256(token.encode()).digest()


def _checksum(text: str) -> str:
    return _written(zlib.crc32(text.encode()), digits=_CHECKSUM)


def _written(number: int, *, digits: int) -> str:
    """Return a number in base 62, with zeros before it."""
    written = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_DIGITS))
        written = _DIGITS[digit] + written
    return written
