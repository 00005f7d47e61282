"""Refresh tokens: which session, which generation of it, and a signature. Nothing of them needs to be kept anywhere.

The key is derived from the secret of the service and a seed of the session: neither alone makes a token. It judges no
session.
"""

import hashlib
import re
from collections.abc import Sequence
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode

PREFIX = "agr_"
LONGEST = 1500
# Owner, session, generation, signature. A generation of more digits would not fit the database.
_FORM = re.compile(
    PREFIX + r"([A-Za-z0-9_-]{1,1366})\.([0-9a-f]{32})\.([1-9][0-9]{0,17})\.([A-Za-z0-9_-]{43})"
)
_SALT = b"agendum refresh token\0"


class MalformedTokenError(ValueError):
    """The text is no refresh token; the message never repeats it."""


class Named(NamedTuple):
    """What a refresh token names, before anything of it is believed."""

    owner: str
    session_id: UUID
    generation: int


def write(secret: str, named: Named, *, seed: bytes) -> str:
    """Return the refresh token of a generation of a session; the same one whenever it is asked for."""
    # Spec: features/sessions.md#SESSION-004
    owner = base64_encode(named.owner).decode()
    content = f"{PREFIX}{owner}.{named.session_id.hex}.{named.generation}".encode()
    signer = Signer(secret, salt=_SALT + seed, key_derivation="hmac", digest_method=hashlib.sha256)
    return signer.sign(content).decode()


def read(token: str) -> Named:
    """Return what a refresh token names, without believing it.

    Raises:
        MalformedTokenError: It has not the form of one.
    """
    match = _FORM.fullmatch(token) if len(token) <= LONGEST else None
    if match is None:
        raise MalformedTokenError("is not a refresh token")
    try:
        owner = base64_decode(match[1]).decode()
    except ValueError:
        raise MalformedTokenError("is not a refresh token") from None
    return Named(owner, UUID(match[2]), int(match[3]))


def is_genuine(secrets: Sequence[str], token: str, *, seed: bytes) -> bool:
    """Tell whether a token was made under one of these secrets for the session that has this seed."""
    named, given = read(token), token.encode()
    # Compared as text, so that no other spelling of the same bytes in base64 is taken for the token.
    return any(compare_digest(given, write(secret, named, seed=seed).encode()) for secret in secrets)
