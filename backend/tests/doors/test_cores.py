"""How many workers serve when nobody says it: by the cores that the process may use, as Linux tells them."""

import os
import sys
from pathlib import Path

import pytest

from app.config import Environment, Settings
from app.server.cores import usable_cores, worker_count

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the affinity and control groups are those of Linux"
)
MANY = 10**6


@pytest.fixture
def cores() -> int:
    """How many cores the affinity of this process has."""
    return len(os.sched_getaffinity(0))


def show(root: Path, group: str, **limits: str) -> None:
    """Show a process in a control group, and the limits of some groups by their last names."""
    place = root / "sys/fs/cgroup"
    (place / group).mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(f"1:cpu:/elsewhere\n0::/{group}\n")
    for folder in (place, *(place / group).parents, place / group):
        if folder.is_relative_to(place) and folder.name in limits:
            (folder / "cpu.max").write_text(f"{limits[folder.name]} 100000\n")


@pytest.mark.spec("OPS-080")
@pytest.mark.parametrize(("quota", "most"), [("50000", 1), ("100000", 1), ("100001", 2), ("max", MANY)])
def test_a_quota_counts_as_whole_cores(tmp_path: Path, cores: int, quota: str, most: int) -> None:
    show(tmp_path, "", cgroup=quota)
    assert usable_cores(tmp_path) == min(most, cores)


@pytest.mark.spec("OPS-080")
def test_the_quotas_of_the_groups_above_count_as_well(tmp_path: Path) -> None:
    show(tmp_path, "slice/service", slice="100000", service="max")
    assert usable_cores(tmp_path) == 1


@pytest.mark.spec("OPS-080")
def test_where_nothing_is_told_the_affinity_counts(tmp_path: Path, cores: int) -> None:
    assert usable_cores(tmp_path) == cores


@pytest.mark.spec("OPS-080")
@pytest.mark.parametrize(("pool", "most"), [(1, MANY), (10, 8), (41, 1), (80, 1), (1000, 1)])
def test_in_production_there_are_as_many_as_cores_and_as_their_pools_allow(pool: int, most: int) -> None:
    settings = Settings(environment=Environment.PRODUCTION, pool_size=pool)
    assert worker_count(settings) == min(usable_cores(), most)


@pytest.mark.spec("OPS-080")
def test_in_development_there_is_one_and_what_is_set_counts_everywhere() -> None:
    assert worker_count(Settings()) == 1
    assert [worker_count(Settings(environment=place, workers=3)) for place in Environment] == [3, 3]
