"""Interleaved measuring: every round runs every case once, in reversed order each time.

So drift hits all cases alike.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import load

_WARM_UP_SECONDS = 0.5


@dataclass
class Case:
    """One column of work on one target, and what its slices measured."""

    name: str
    port: int
    process_id: int
    status: int
    next_request: Callable[[], bytes]
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    processor_seconds: float = 0.0

    def rate(self) -> float:
        """Give the median of the slices' requests per second."""
        return median(self.rates)

    def percentile(self, share: float) -> float:
        """Give a percentile of the latencies of all slices, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def tail(self) -> float:
        """Give how many times the median the 99th percentile is."""
        return self.percentile(0.99) / self.percentile(0.5)

    def processor_microseconds(self) -> float | None:
        """Give the processor time of the target's processes for each request, where the system tells it."""
        return 1e6 * self.processor_seconds / len(self.latencies) if self.processor_seconds else None


@dataclass(frozen=True)
class Ratio:
    """How many times faster one case was than another: the median of the rounds, and their extremes."""

    median: float
    lowest: float
    highest: float


def ratio(first: Case, second: Case) -> Ratio:
    """Compare the throughput of two cases round by round."""
    rounds = [one / other for one, other in zip(first.rates, second.rates, strict=True)]
    return Ratio(median(rounds), min(rounds), max(rounds))


async def measure(cases: Sequence[Case], *, rounds: int, seconds: float, concurrency: int) -> None:
    """Warm every case up, then measure all of them in each round."""
    for case in cases:
        await load.run(
            case.port,
            case.next_request,
            status=case.status,
            concurrency=concurrency,
            seconds=_WARM_UP_SECONDS,
        )
    for number in range(rounds):
        for case in cases if number % 2 == 0 else reversed(cases):
            await _slice(case, seconds=seconds, concurrency=concurrency)


async def _slice(case: Case, *, seconds: float, concurrency: int) -> None:
    before = _processor_seconds(case.process_id)
    tally = await load.run(
        case.port, case.next_request, status=case.status, concurrency=concurrency, seconds=seconds
    )
    case.processor_seconds += _processor_seconds(case.process_id) - before
    case.rates.append(len(tally.latencies) / tally.seconds)
    case.latencies += tally.latencies


def _processor_seconds(process_id: int) -> float:
    """Give the processor time of a process and its workers, in user and system mode; 0 where there is no /proc."""
    status = Path(f"/proc/{process_id}/stat")
    if not status.exists():
        return 0.0
    fields = status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    workers = children.read_text().split() if children.exists() else []
    return own + sum(_processor_seconds(int(worker)) for worker in workers)
