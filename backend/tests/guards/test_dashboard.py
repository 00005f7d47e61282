"""The dashboard asks for metrics that there are, and shows every one."""

import json
import re
from pathlib import Path

import pytest

from app.utils.metrics import Metrics

DASHBOARD = Path(__file__).parents[3] / "deploy/grafana/agendum.json"
_NAME = re.compile(r"\bagendum_\w+")
_ENDINGS = ("_bucket", "_count", "_sum", "_total", "_created")


def families(names: set[str]) -> set[str]:
    """Return metrics without the endings of their samples."""
    found = set()
    for name in names:
        ending = next((ending for ending in _ENDINGS if name.endswith(ending)), "")
        found.add(name.removesuffix(ending))
    return found


@pytest.mark.spec("OBS-008")
def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name for panel in panels for target in panel["targets"] for name in _NAME.findall(target["expr"])
    }
    told = {
        line.split()[2] for line in Metrics().exposition().decode().splitlines() if line.startswith("# TYPE")
    }
    assert families(asked) == families(told)
