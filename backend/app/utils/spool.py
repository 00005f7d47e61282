"""Text that is too large for the memory of a process: in a temporary file that has no name, once it has grown.

It knows nothing of what it holds.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from tempfile import SpooledTemporaryFile

_IN_MEMORY = 256 * 1024
_PIECE = 256 * 1024


class Spool:
    """Bytes that are written once, and then read from the beginning, as often as wanted. It is to be closed."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (its owner closes it)
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> bytes:
        """The SHA-256 digest of what was written."""
        return self._digest.digest()

    def write(self, piece: bytes) -> None:
        """Write more; a disk may be waited for."""
        self.size += len(piece)
        self._digest.update(piece)
        self._file.write(piece)

    async def add(self, piece: bytes) -> None:
        """Write more, without keeping others waiting for a disk."""
        if self.size + len(piece) <= _IN_MEMORY:
            self.write(piece)
        else:
            await asyncio.to_thread(self.write, piece)

    def rewind(self) -> None:
        """Go back to the beginning, for `read` and `lines`."""
        self._file.seek(0)

    def read(self, size: int) -> bytes:
        """Return the next bytes, so many at most; none at the end."""
        return self._file.read(size)

    def lines(self) -> Iterator[bytes]:
        """Give each line from the beginning, with what ends it."""
        self.rewind()
        yield from self._file

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give everything from the beginning, piece by piece, without keeping others waiting for a disk."""
        self.rewind()
        while piece := await asyncio.to_thread(self.read, _PIECE):
            yield piece

    def close(self) -> None:
        """Forget everything."""
        self._file.close()
