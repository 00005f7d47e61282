"""Values that carry an HMAC-SHA256 of themselves, as JavaScript servers sign cookies. It knows no meaning of them."""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Sequence

# A value without a dot, of printable ASCII, and standard base64 of 32 bytes.
_SIGNED = re.compile(r"[!-\-/-~]{1,255}\.[A-Za-z0-9+/]{43}=")


def is_signed_value(text: str) -> bool:
    """Tell whether a text has the form of a signed value, whoever signed it."""
    return _SIGNED.fullmatch(text) is not None


def read_signed_value(text: str, secrets: Sequence[str]) -> str | None:
    """Return the value if one of the secrets has signed it, otherwise None; that takes as long for any signature.

    Args:
        text: `value.signature`.
        secrets: Those that may have signed it.
    """
    if not is_signed_value(text):
        return None
    value, _dot, signature = text.partition(".")
    matches = [hmac.compare_digest(signature, _signature(value, secret)) for secret in secrets]
    return value if any(matches) else None


def _signature(value: str, secret: str) -> str:
    return b64encode(hmac.digest(secret.encode(), value.encode(), hashlib.sha256)).decode()
