"""What a run prints: aligned tables of text, and the verdict on the gates."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.distance import TRIP, Journey
from bench.measure import Case, Ratio, ratio
from bench.operations import Operation

HEAVY_GOAL = 1.5
TAIL_GOAL = 4.0


@dataclass(frozen=True)
class Comparison:
    """One operation as the floor and as the service did it."""

    operation: Operation
    floor: Case
    service: Case

    def ratio(self) -> Ratio:
        """Give the floor's throughput over the service's."""
        return ratio(self.floor, self.service)

    def within_gate(self) -> bool:
        """Tell whether the service is near enough to the floor."""
        return self.ratio().median <= self.operation.gate


@dataclass(frozen=True)
class Pair:
    """One list as it is for the person with 100 tasks and for the one with 100,000.

    `goal` says whether it is to cost both the same.
    """

    name: str
    light: Case
    heavy: Case
    goal: bool


def write(line: str = "") -> None:
    """Print a line now, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_comparisons(comparisons: Sequence[Comparison]) -> None:
    """Print the floor and the service side by side, then the ratios with their gates."""
    rows: list[tuple[str, ...]] = [
        ("operation", "target", "requests/s", "p50 ms", "p99 ms", "p99/p50", "cpu us")
    ]
    for comparison in comparisons:
        rows += [_measured(comparison.operation.name, comparison.floor), _measured("", comparison.service)]
    table(rows)
    write()
    table([("operation", "ratio", "lowest..highest", "goal", "gate", "verdict"), *map(_judged, comparisons)])
    write(
        f"\nratio: floor / service, median of the rounds; p99/p50 of the service is to stay under {TAIL_GOAL:g}"
    )


def write_heavy(pairs: Sequence[Pair]) -> None:
    """Print how the lists of the person with 100 tasks compare with those of the person with 100,000."""
    rates_and_times = ("100/s", "100,000/s", "100 p50/p99 ms", "100,000 p50/p99 ms")
    rows = [("list", *rates_and_times, "ratio", "lowest..highest", "goal", "verdict")]
    for pair in pairs:
        found = ratio(pair.light, pair.heavy)
        rates = f"{pair.light.rate():.0f}", f"{pair.heavy.rate():.0f}"
        verdict = "-" if not pair.goal else "goal" if found.median <= HEAVY_GOAL else "over the goal"
        goal = f"{HEAVY_GOAL:g}" if pair.goal else "-"
        rows.append(
            (pair.name, *rates, latency(pair.light), latency(pair.heavy), *spread(found), goal, verdict)
        )
    table(rows)


def write_distance(journeys: Sequence[Journey]) -> None:
    """Print what operations take with a database that is far away, and the round trips in that."""
    rows = [("far database", "p50 ms", "least ms", "trips", "goal", "verdict")]
    for journey in journeys:
        goal = journey.errand.goal
        verdict = "goal" if journey.trips <= goal else "over the goal"
        times = f"{1000 * journey.seconds:.1f}", f"{1000 * journey.shortest:.1f}"
        rows.append((journey.errand.name, *times, f"{journey.trips}", f"{goal}", verdict))
    table(rows)
    write(
        f"\ntrips: to the database and back, each {1000 * TRIP:.0f} ms, before the answer: as many as the "
        "least time holds"
    )


def write_shares(operation: str, shares: Sequence[tuple[str, float]]) -> None:
    """Print where the service spends its own time."""
    table([("library", "self time"), *((name, f"{share:.1%}") for name, share in shares)])
    write(
        f"\nself time of the service in {operation}, without waiting; what is compiled counts for who called it"
    )


def _measured(name: str, case: Case) -> tuple[str, ...]:
    percentiles = f"{case.percentile(0.5):.2f}", f"{case.percentile(0.99):.2f}", f"{case.tail():.1f}"
    return name, case.name, f"{case.rate():.0f}", *percentiles, cost(case)


def _judged(comparison: Comparison) -> tuple[str, ...]:
    operation, found = comparison.operation, comparison.ratio()
    reached = "goal" if found.median <= operation.goal else "gate"
    verdict = reached if comparison.within_gate() else "BEYOND THE GATE"
    return operation.name, *spread(found), f"{operation.goal:g}", f"{operation.gate:g}", verdict


def spread(found: Ratio) -> tuple[str, str]:
    """Give a ratio and its extremes, as two cells."""
    return f"{found.median:.2f}", f"{found.lowest:.2f}..{found.highest:.2f}"


def cost(case: Case) -> str:
    """Give the processor time of a request, in microseconds, as one cell."""
    processor = case.processor_microseconds()
    return "-" if processor is None else f"{processor:.0f}"


def latency(case: Case) -> str:
    """Give the middle and the tail of a case's latencies, as one cell."""
    return f"{case.percentile(0.5):.2f} / {case.percentile(0.99):.2f}"


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows with their columns aligned; the first one is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
