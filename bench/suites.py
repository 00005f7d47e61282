"""The two suites: the operations beside the floor, and the person with 100,000 tasks beside the one with 100."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

from bench import fairness, load
from bench.data import HEAVY, LIGHT
from bench.measure import Case, measure
from bench.operations import FILTERED, OPERATIONS, PAGE, SEARCHED, Call, Operation, Target, stream
from bench.report import Comparison, Pair
from bench.stage import Stage

_WALKING_PAGE = 100


@dataclass(frozen=True)
class Effort:
    """How long and how hard each case is measured."""

    rounds: int
    seconds: float
    concurrency: int


async def compare_operations(stage: Stage, names: Sequence[str], effort: Effort) -> list[Comparison]:
    """Check that both targets do the same work, then measure the operations on both.

    Raises:
        UnfairError: they do not, or not every write left its change.
    """
    numbers = {name: count() for name in OPERATIONS}
    await fairness.compare(stage.floor, stage.service, numbers)
    comparisons = [_comparison(stage, OPERATIONS[name], numbers[name]) for name in names]
    cases = [case for comparison in comparisons for case in (comparison.floor, comparison.service)]
    await measure(cases, rounds=effort.rounds, seconds=effort.seconds, concurrency=effort.concurrency)
    await fairness.check_changes(stage.owner, written=next(numbers["create"]) + next(numbers["complete"]))
    return comparisons


async def compare_people(service: Target, effort: Effort) -> list[Pair]:
    """Measure the lists of the person with 100,000 tasks beside those of the person with 100."""
    light = await _walk(service, LIGHT, PAGE)
    tenth, thousandth = [await _walk(service, HEAVY, (page - 1) * PAGE) for page in (10, 1000)]
    pairs = [
        _pair(service, "first page", goal=True, light="/api/tasks", heavy="/api/tasks"),
        _pair(service, "tenth page, by cursor", goal=True, light=light, heavy=tenth),
        _pair(service, "thousandth page, by cursor", goal=True, light=light, heavy=thousandth),
        _pair(
            service,
            "tenth page, by offset",
            light=f"/api/tasks?offset={PAGE}",
            heavy=f"/api/tasks?offset={9 * PAGE}",
        ),
        _pair(
            service,
            "thousandth page, by offset",
            light=f"/api/tasks?offset={PAGE}",
            heavy=f"/api/tasks?offset={999 * PAGE}",
        ),
        _pair(service, "two filters and a sort", light=FILTERED, heavy=FILTERED),
        _pair(service, "search", light=SEARCHED, heavy=SEARCHED),
    ]
    cases = [case for pair in pairs for case in (pair.light, pair.heavy)]
    await measure(cases, rounds=effort.rounds, seconds=effort.seconds, concurrency=effort.concurrency)
    return pairs


async def load_service(service: Target, operation: Operation, effort: Effort) -> None:
    """Only load the service, for a profile."""
    await load.run(
        service.port,
        stream(service, operation, count()),
        status=operation.status,
        concurrency=effort.concurrency,
        seconds=effort.rounds * effort.seconds,
    )


def _comparison(stage: Stage, operation: Operation, numbers: "count[int]") -> Comparison:
    cases = [
        Case(
            target.name, target.port, target.process_id, operation.status, stream(target, operation, numbers)
        )
        for target in (stage.floor, stage.service)
    ]
    return Comparison(operation, *cases)


def _pair(service: Target, name: str, *, light: str, heavy: str, goal: bool = False) -> Pair:
    return Pair(name, _page(service, LIGHT, light), _page(service, HEAVY, heavy), goal)


def _page(service: Target, person: int, path: str) -> Case:
    request = service.request(Call(person, "GET", path))
    return Case(service.name, service.port, service.process_id, 200, lambda: request)


async def _walk(service: Target, person: int, depth: int) -> str:
    """Follow the cursors past this many tasks and give the path of the page that comes then."""
    query, passed = "", 0
    while passed < depth:
        limit = min(_WALKING_PAGE, depth - passed)
        path = f"/api/tasks?limit={limit}{query}"
        page = json.loads(
            await load.fetch(service.port, service.request(Call(person, "GET", path)), status=200)
        )
        query, passed = f"&cursor={quote(page['next_cursor'])}", passed + limit
    return f"/api/tasks?limit={PAGE}{query}"
