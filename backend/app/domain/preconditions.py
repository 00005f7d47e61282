"""What a caller expects of a row before it is written: nothing, or one of some versions.

How a door says it is the door's matter.
"""

from typing import NamedTuple

from app.domain.errors import Stale


class Expected(NamedTuple):
    """The versions that the caller has seen.

    `versions` is None when any will do. `merge` asks that a change to an older version is applied when nobody else has
    touched its fields.
    """

    versions: frozenset[int] | None = None
    merge: bool = False

    def covers(self, version: int) -> bool:
        """Tell whether the caller has seen this version, or does not mind."""
        return self.versions is None or version in self.versions

    def require(self, version: int) -> None:
        """Refuse to write over a version that the caller has not seen.

        Raises:
            Stale: The row has another version.
        """
        # Spec: features/safe-writes.md#SAFE-008
        if not self.covers(version):
            raise Stale("It has changed since you read it.", version=version)

    def seen_before(self, version: int) -> int | None:
        """Return the newest version before this one that the caller has seen, or None."""
        return max((seen for seen in self.versions or () if seen < version), default=None)


ANY = Expected()
