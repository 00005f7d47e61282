"""Metrics of several processes, while some of them begin to count."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.broad

_PROGRAM = """
import os, tempfile
from pathlib import Path
from app.utils.metrics import Metrics, share_metrics
with tempfile.TemporaryDirectory() as folder:
    share_metrics(Path(folder))
    metrics = Metrics()
    for _ in range(100):
        if (child := os.fork()) == 0:
            metrics.count_request(method="GET", route="/a", status=200, seconds=0.1)
            metrics.end_round("test")
            os._exit(0)
        for _ in range(3):
            metrics.exposition()
        os.waitpid(child, 0)
    [count] = [line for line in metrics.exposition().decode().splitlines() if "requests_total{" in line]
    print(count)
"""


@pytest.mark.spec("OBS-003")
def test_what_processes_count_is_told_at_any_moment_of_theirs() -> None:
    finished = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert finished.stdout == 'agendum_http_requests_total{method="GET",route="/a",status="200"} 100.0\n'
