"""Tokens that are an id and its seal under a secret: who knows the id alone, cannot make the token. It keeps none."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable
from uuid import UUID

# 16 bytes of an id, and 32 of HMAC-SHA256, in base64url.
LENGTH = 64


def seal(secret: str, purpose: str, sealed: UUID) -> str:
    """Return the token of an id for a purpose."""
    # Spec: features/mail.md#MAIL-004
    content = b"agendum sealed id\0" + purpose.encode() + b"\0" + sealed.bytes
    mark = hmac.digest(secret.encode(), content, "sha256")
    return urlsafe_b64encode(sealed.bytes + mark).decode()


def unsealed(secrets: Iterable[str], purpose: str, token: str) -> UUID | None:
    """Return the id of a token that was made for this purpose under one of these secrets; None for any other text."""
    # Spec: features/mail.md#MAIL-004
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        sealed = UUID(bytes=urlsafe_b64decode(token)[:16])
    except (Error, ValueError):
        return None
    # Compared as text, of which there is one spelling.
    known = any(hmac.compare_digest(token, seal(secret, purpose, sealed)) for secret in secrets)
    return sealed if known else None
