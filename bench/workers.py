"""The suite of the service with one worker process and with two, side by side. It has no gate: the cores decide."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from bench import report
from bench.measure import Case, measure, ratio
from bench.operations import OPERATIONS, Operation, Target, stream
from bench.stage import Stage, another_service
from bench.suites import Effort

WORKERS = 2
# One that reads little, one that reads much, one that writes; the others lie between them.
MEASURED = ("get", "list", "create")
_HEAD = (
    *("operation", "1/s", "2/s", "1 p50/p99 ms", "2 p50/p99 ms"),
    *("1 cpu us", "2 cpu us", "ratio", "lowest..highest"),
)


@dataclass(frozen=True)
class Scaling:
    """One operation as one worker did it, and as two did."""

    operation: Operation
    one: Case
    two: Case


async def compare_workers(stage: Stage, names: Sequence[str], effort: Effort) -> list[Scaling]:
    """Start the service again, with two workers, and measure operations on it and on the service with one."""
    operations = [OPERATIONS[name] for name in MEASURED if name in names]
    async with another_service(stage, f"{WORKERS} workers", AGENDUM_WORKERS=str(WORKERS)) as service:
        scalings = [_scaling(operation, stage.service, service) for operation in operations]
        cases = [case for scaling in scalings for case in (scaling.one, scaling.two)]
        await measure(cases, rounds=effort.rounds, seconds=effort.seconds, concurrency=effort.concurrency)
    return scalings


def write_scalings(scalings: Sequence[Scaling]) -> None:
    """Print how many requests a second one worker and two workers answered, and the ratio."""
    rows: list[tuple[str, ...]] = [_HEAD]
    for scaling in scalings:
        rates = f"{scaling.one.rate():.0f}", f"{scaling.two.rate():.0f}"
        latencies = report.latency(scaling.one), report.latency(scaling.two)
        costs = report.cost(scaling.one), report.cost(scaling.two)
        found = report.spread(ratio(scaling.two, scaling.one))
        rows.append((scaling.operation.name, *rates, *latencies, *costs, *found))
    report.table(rows)
    report.write("\nratio: 2 workers / 1 worker, median of the rounds")
    report.write(f"there are {os.cpu_count()} cores, for PostgreSQL and the load generator as well")


def _scaling(operation: Operation, one: Target, two: Target) -> Scaling:
    numbers = count()
    return Scaling(operation, _case(one, operation, numbers), _case(two, operation, numbers))


def _case(target: Target, operation: Operation, numbers: "count[int]") -> Case:
    request = stream(target, operation, numbers)
    return Case(target.name, target.port, target.process_id, operation.status, request)
