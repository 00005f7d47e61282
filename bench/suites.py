"""The two suites: the four operations beside the floor, and the heavy person beside an ordinary one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

from bench import fairness, load
from bench.data import HEAVY
from bench.measure import Case, measure
from bench.operations import OPERATIONS, PAGE, Call, Operation, Target, stream
from bench.report import Comparison
from bench.stage import Stage

_WALKING_PAGE = 100
_ORDINARY = 0
Pair = tuple[str, Case, Case]


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


async def compare_people(service: Target, depth: int, effort: Effort) -> list[Pair]:
    """Measure the first page and a page at a cursor for the heavy person and for an ordinary one."""
    ordinary_cursor = await _walk(service, _ORDINARY, 2 * PAGE)
    heavy_cursor = await _walk(service, HEAVY, depth)
    pairs = [
        ("first page", _page(service, _ORDINARY, ""), _page(service, HEAVY, "")),
        ("at a cursor", _page(service, _ORDINARY, ordinary_cursor), _page(service, HEAVY, heavy_cursor)),
    ]
    cases = [case for _, ordinary, heavy in pairs for case in (ordinary, heavy)]
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
        Case(target.name, target.port, target.process_id, operation.status, stream(target, operation, numbers))
        for target in (stage.floor, stage.service)
    ]
    return Comparison(operation, *cases)


def _page(service: Target, person: int, query: str) -> Case:
    request = service.request(Call(person, "GET", f"/api/tasks{query}"))
    return Case(service.name, service.port, service.process_id, 200, lambda: request)


async def _walk(service: Target, person: int, depth: int) -> str:
    """Follow the cursors past this many tasks and give the query of the page that comes then."""
    query = ""
    for _ in range(depth // _WALKING_PAGE):
        path = f"/api/tasks?limit={_WALKING_PAGE}{query}"
        page = json.loads(await load.fetch(service.port, service.request(Call(person, "GET", path)), status=200))
        query = f"&cursor={quote(page['next_cursor'])}"
    return query.replace("&", "?", 1)
