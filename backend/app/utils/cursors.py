"""Opaque cursors: a position in a list, signed and bound to what the list is of.

They hold no secret and cannot be altered.
"""

import hashlib
import json
from hmac import compare_digest

from itsdangerous import Signer
from itsdangerous.encoding import base64_decode, base64_encode

_LONGEST = 8192


class InvalidCursorError(ValueError):
    """The cursor was not made here for this list; the text never repeats it."""


class CursorSigner:
    """Makes and reads cursors: the position in base64url, a dot, and an HMAC-SHA256 of it under a key of the scope.

    Args:
        secret: What the keys are derived from.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, scope: str, position: tuple[str, ...]) -> str:
        """Return the cursor of a position, valid for this scope alone."""
        content = json.dumps(position, separators=(",", ":"), ensure_ascii=False)
        return self._signed(scope, base64_encode(content)).decode()

    def read(self, scope: str, cursor: str) -> tuple[str, ...]:
        """Return the position of a cursor.

        Raises:
            InvalidCursorError: It is not the exact text of a cursor of this scope.
        """
        # Spec: features/finding.md#FIND-002 features/finding.md#FIND-020
        given = cursor[: _LONGEST + 1].encode("utf-8", "surrogatepass")
        content = given.partition(b".")[0]
        # Compared as text: the signer alone would take other spellings of the same bytes in base64 for the signature.
        if len(cursor) > _LONGEST or not compare_digest(given, self._signed(scope, content)):
            raise InvalidCursorError("is not a cursor of this list")
        return tuple(json.loads(base64_decode(content)))

    def _signed(self, scope: str, content: bytes) -> bytes:
        salt = b"agendum cursor\0" + scope.encode()
        signer = Signer(self._secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        return signer.sign(content)
