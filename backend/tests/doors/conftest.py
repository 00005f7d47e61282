"""What the tests of embedded servers share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.embedded_runs import open_place


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder that every account can pass."""
    with open_place() as place:
        yield place
