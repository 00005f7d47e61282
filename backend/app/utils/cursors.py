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
        older: Secrets from which they were derived before; their cursors stay good.
    """

    def __init__(self, secret: str, *older: str) -> None:
        self._secrets = (secret, *older)

    def sign(self, scope: str, position: tuple[str, ...]) -> str:
        """Return the cursor of a position, valid for this scope alone."""
        content = json.dumps(position, separators=(",", ":"), ensure_ascii=False)
        return self._signed(scope, base64_encode(content), self._secrets[0]).decode()

    def read(self, scope: str, cursor: str) -> tuple[str, ...]:
        """Return the position of a cursor.

        Raises:
            InvalidCursorError: It is not the exact text of a cursor of this scope.
        """
        # Spec: features/finding.md#FIND-002 features/finding.md#FIND-020 features/sessions.md#SESSION-030
        given = cursor[: _LONGEST + 1].encode("utf-8", "surrogatepass")
        content = given.partition(b".")[0]
        # Compared as text: the signer alone would take other spellings of the same bytes in base64 for the signature.
        signed = (self._signed(scope, content, secret) for secret in self._secrets)
        if len(cursor) > _LONGEST or not any(compare_digest(given, known) for known in signed):
            raise InvalidCursorError("is not a cursor of this list")
        return tuple(json.loads(base64_decode(content)))

    @staticmethod
    def _signed(scope: str, content: bytes, secret: str) -> bytes:
        salt = b"agendum cursor\0" + scope.encode()
        signer = Signer(secret, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)
        return signer.sign(content)
