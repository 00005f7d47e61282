"""What a service counts and measures, in the exposition format of Prometheus. No label holds what somebody chose."""

import os
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_1_0_0
# Seconds: a request of one row takes a few milliseconds, and none is waited for longer than 15 seconds.
_DURATIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
_WAITS = (0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 1.5)
_OF_REQUESTS = ["method", "route", "status"]
# Names and what is said of them, where that takes a line.
_DURATION = (
    "agendum_http_request_duration_seconds",
    "How long requests took until their answers had been sent.",
)
_WAIT = ("agendum_database_wait_seconds", "How long transactions waited for a connection.")
_IN_USE = ("agendum_database_connections_in_use", "Connections of the pools that are lent.")
_ROUND = (
    "agendum_worker_last_round_timestamp_seconds",
    "When a loop beside the doors ended its latest round.",
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CHILDREN = 4096
# Where the library looks for the folder in which processes share what they count.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:  # Spec: features/observability.md#OBS-004 features/observability.md#OBS-008
    """The metrics of a process, or of several processes that share a folder (`share_metrics`)."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        self._requests = counter("agendum_http_requests", "Requests that were answered.", _OF_REQUESTS)
        self._key_fetches = counter("agendum_key_set_fetches", "Fetches of an issuer's keys.", ["outcome"])
        self._refusals = counter("agendum_limit_refusals", "Requests that a limit refused.", ["limit"])
        histogram = partial(Histogram, registry=self._registry)
        self._durations = histogram(*_DURATION, labelnames=_OF_REQUESTS[:2], buckets=_DURATIONS)
        self._waits = histogram(*_WAIT, buckets=_WAITS)
        gauge = partial(Gauge, registry=self._registry)
        self._in_use = gauge(*_IN_USE, multiprocess_mode="livesum")
        self._rounds = gauge(*_ROUND, labelnames=["worker"], multiprocess_mode="mostrecent")
        # A child is looked up by its labels for each request, which costs more than counting does.
        self._request = lru_cache(_CHILDREN)(self._request_children)

    def count_request(self, *, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request that was answered.

        Args:
            method: Its method; one that HTTP does not have is counted as OTHER.
            route: The template of its route, or None where there is none.
            status: The status of the answer.
            seconds: How long it took.
        """
        # Spec: features/observability.md#OBS-002
        count, observe = self._request(method if method in _METHODS else "OTHER", route or "none", status)
        count()
        observe(seconds)

    def lend_connection(self, *, waited: float) -> None:
        """Note that a connection was lent, after so many seconds of waiting."""
        self._in_use.inc()
        self._waits.observe(waited)

    def take_connection_back(self) -> None:
        """Note that a connection was given back."""
        self._in_use.dec()

    def count_key_fetch(self, *, succeeded: bool) -> None:
        """Count a fetch of another issuer's keys."""
        self._key_fetches.labels("success" if succeeded else "failure").inc()

    def count_refusal(self, limit: str) -> None:
        """Count a request that a limit of this name refused."""
        self._refusals.labels(limit).inc()

    def end_round(self, worker: str) -> None:
        """Note that a loop of this name has ended a round just now."""
        self._rounds.labels(worker).set_to_current_time()

    def exposition(self) -> bytes:
        """Return all metrics as text, of every process that shares them."""
        # Spec: features/observability.md#OBS-003
        folder = os.environ.get(_FOLDER)
        if folder is None:
            return generate_latest(self._registry)
        everybody = CollectorRegistry()
        everybody.register(_Shared(Path(folder)))
        return generate_latest(everybody)

    def _request_children(
        self, method: str, route: str, status: int
    ) -> tuple[Callable[[], None], Callable[[float], None]]:
        counter = self._requests.labels(method, route, str(status))
        return counter.inc, self._durations.labels(method, route).observe


class _Shared(Collector):
    """What all processes that share a folder have counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in self._folder.glob("*.db") if _has_begun(file)]
        shared: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return shared


def _has_begun(file: Path) -> bool:
    """Tell whether a file has anything: that of a new process is empty for a moment, and that of a dead one may go."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        return False


def share_metrics(folder: Path) -> None:
    """Have this process, and those that are forked from it, keep what they count in a folder, and sum it up there.

    Metrics that exist already stay as they are.
    """
    os.environ[_FOLDER] = str(folder)
    # The library chooses when it is imported, and it is imported before it is known how many processes there will be.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def forget_process(number: int) -> None:
    """Leave what a process that has ended is doing at present out of the sums; what it counted stays in them."""
    if _FOLDER in os.environ:
        mark_process_dead(number)  # type: ignore[no-untyped-call]
