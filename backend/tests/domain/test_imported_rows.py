"""What a query of a saved filter names after an import, where some things were taken for others."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from app.services.imported_rows import taken_for

MERGED, OTHER, PURGED, UNKNOWN = (UUID(int=0xABC << 100 | number) for number in range(4))


class Counted(dict[UUID, UUID | None]):
    """A mapping that counts how often all of it is gone through."""

    walks = 0

    def __iter__(self) -> Iterator[UUID]:
        self.walks += 1
        return super().__iter__()

    def items(self):  # type: ignore[no-untyped-def]
        self.walks += 1
        return super().items()


@pytest.mark.spec("PORT-013")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (str(MERGED), str(OTHER)),
        (str(MERGED).upper(), str(OTHER)),
        (str(PURGED), str(PURGED)),
        (str(UNKNOWN), str(UNKNOWN)),
        (str(UNKNOWN).upper(), str(UNKNOWN).upper()),
        ("none", "none"),
        ("errand", "errand"),
        ("", ""),
    ],
)
def test_an_id_is_looked_up_and_everything_else_stays(text: str, expected: str) -> None:
    instead = Counted({MERGED: OTHER, PURGED: None})
    assert (taken_for(text, instead), instead.walks) == (expected, 0)
