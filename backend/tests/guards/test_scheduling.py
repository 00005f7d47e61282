"""Tests that share something dear are run by one worker."""

from tests.guards.source_module import BACKEND
from tests.scheduling import group_of


def test_every_file_that_asks_for_one_worker_is_known() -> None:
    files = [
        path for path in (BACKEND / "tests").rglob("test_*.py") if "mark.xdist_group(" in path.read_text()
    ]
    asking = {str(path.relative_to(BACKEND)): group_of(str(path.relative_to(BACKEND))) for path in files}
    del asking["tests/guards/test_scheduling.py"]
    assert None not in asking.values()
    assert {"browser", "crowd", "workers"} <= {*asking.values()}
    assert group_of("tests/api/test_tasks.py") is None
