"""Passwords: hashing and verifying with argon2id, off the event loop and a few at a time."""

import os

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.utils.password_shapes import spellings

# OWASP's floor: 19 MiB, two passes, one lane.
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1


class Passwords:
    """Hashes passwords; it holds no password.

    Each hash takes about 20 MiB and a core for some tens of milliseconds, so no more run at once than there are cores.
    """

    def __init__(self) -> None:
        # Spec: features/auth.md#AUTH-003
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._decoy = self._hasher.hash(os.urandom(16))
        self._limiter: anyio.CapacityLimiter | None = None

    async def hash(self, password: str) -> str:
        """Return the encoded hash, which names its own parameters and salt."""
        return await anyio.to_thread.run_sync(self._hasher.hash, password, limiter=self._turn())

    async def verify(self, password: str, *, encoded: str | None) -> bool:
        """Tell whether the password is the one of the hash; without a hash, do the same work and say no."""
        # Spec: features/auth.md#AUTH-002
        return await anyio.to_thread.run_sync(self._verify, password, encoded, limiter=self._turn())

    def _verify(self, password: str, encoded: str | None) -> bool:
        is_right = any(self._matches(encoded or self._decoy, spelling) for spelling in spellings(password))
        return is_right and encoded is not None

    def _matches(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    def _turn(self) -> anyio.CapacityLimiter:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
        return self._limiter
