"""Opaque cursors: a position in a list, signed and bound to what the list is of. They hold no secret and cannot be altered."""

import base64
import hashlib
import hmac
import json

_SIGNATURE_BYTES = 16
_LONGEST = 8192


class InvalidCursorError(ValueError):
    """The cursor was not made here for this list; the text never repeats it."""


class CursorSigner:
    """Makes and reads cursors.

    Args:
        secret: What the signing key is derived from.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"agendum cursor", "sha256")

    def sign(self, scope: str, position: tuple[str, ...]) -> str:
        """Return the cursor of a position, valid for this scope alone."""
        content = json.dumps(position, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(self._signature(scope, content) + content).decode().rstrip("=")

    def read(self, scope: str, cursor: str) -> tuple[str, ...]:
        """Return the position of a cursor.

        Raises:
            InvalidCursorError: It is not a cursor of this scope.
        """
        # Spec: features/finding.md#FIND-002
        try:
            if len(cursor) > _LONGEST:
                raise InvalidCursorError("is not a cursor of this list")
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise InvalidCursorError("is not a cursor of this list") from None
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(scope, content)):
            raise InvalidCursorError("is not a cursor of this list")
        return tuple(json.loads(content))

    def _signature(self, scope: str, content: bytes) -> bytes:
        return hmac.new(self._key, scope.encode() + b"\0" + content, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
