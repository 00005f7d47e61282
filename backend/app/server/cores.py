"""Decides how many worker processes serve: as set, or by the cores that this process may use. It starts none."""

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from app.config import Settings

# A PostgreSQL as it is installed takes 100 connections; the rest is for migrations, for dumps and for its owner.
_USUAL_CONNECTIONS = 80


def worker_count(settings: Settings) -> int:
    """Return how many processes serve.

    Where nothing is set, that is one in development, and in production one for each core, as far as the pools of all of
    them together fit into a PostgreSQL as it is installed.
    """
    # Spec: features/operations.md#OPS-080
    if settings.workers is not None:
        return settings.workers
    if not settings.production:
        return 1
    return max(1, min(usable_cores(), _USUAL_CONNECTIONS // settings.pool_size))


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: those of its affinity, or its control group's quota, rounded up.

    Args:
        root: The folder below which Linux shows its control groups (version 2).
    """
    # Spec: features/operations.md#OPS-080
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min([cores, *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """Yield the quotas of the control group of this process and of those above it."""
    top = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        hierarchy, _, path = line.partition("::")
        group = top / path.lstrip("/")
        for folder in (group, *group.parents) if hierarchy == "0" else ():
            quota, _, period = _text(folder / "cpu.max").partition(" ")
            if quota.isdecimal():
                yield math.ceil(int(quota) / int(period))
            if folder == top:
                break


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
