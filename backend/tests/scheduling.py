"""Keeps the tests of one file on one worker where the file asks for it; any other test goes where there is room."""

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

_BACKEND = Path(__file__).parents[1]
# The mark of a whole file, alone or in a list.
_GROUP = re.compile(r'^(?:pytestmark = |    )pytest\.mark\.xdist_group\("(\w+)"\),?$', re.MULTILINE)


class GroupScheduling(LoadGroupScheduling):  # type: ignore[misc]  # The library has no types.
    """Gives all tests of a group to one worker, by the mark of their file.

    The library writes the group into a test's id, from which pytest 9.2 does not read it.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@cache
def group_of(file: str) -> str | None:
    """Return the group that the tests of a file belong to, or None."""
    found = _GROUP.search((_BACKEND / file).read_text())
    return None if found is None else found[1]
