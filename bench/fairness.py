"""The checks that make the comparison fair: both targets give the same answers, and every write has left its change."""

import json
from datetime import datetime
from itertools import count
from typing import Any

import asyncpg

from bench import load
from bench.operations import OPERATIONS, PAGE, READS, Call, Operation, Target

_SHORTEST_MOMENT = len("2025-01-01T00:00:00Z")
_SIGNED = {"next_cursor"}


class UnfairError(Exception):
    """The floor and the service do not do the same work."""


async def compare(floor: Target, service: Target, numbers: "dict[str, count[int]]") -> None:
    """Ask both for each operation once and compare the answers.

    Raises:
        UnfairError: keys, or the values of something that was only read, differ.
    """
    for operation in OPERATIONS.values():
        reads = operation.name in READS
        first = operation.call(next(numbers[operation.name]))
        second = first if reads else operation.call(next(numbers[operation.name]))
        answers = await _ask(floor, operation, first), await _ask(service, operation, second)
        reduced = [_values(answer) if reads else _keys(answer) for answer in answers]
        if reduced[0] != reduced[1]:
            raise UnfairError(f"{operation.name}: the floor answers {answers[0]}, the service {answers[1]}")
        if operation.name == "list" and len(answers[1]["items"]) != PAGE:
            raise UnfairError(f"the list has {len(answers[1]['items'])} tasks and not {PAGE}")


async def check_changes(owner: asyncpg.Connection, *, written: int) -> None:
    """Check that each request that was to write has left exactly one change.

    Raises:
        UnfairError: some wrote nothing, or more.
    """
    recorded = await owner.fetchval("SELECT count(*) FROM agendum.change")
    if recorded != written:
        raise UnfairError(f"{written} writes were answered and {recorded} changes were recorded")


async def _ask(target: Target, operation: Operation, call: Call) -> Any:
    return json.loads(await load.fetch(target.port, target.request(call), status=operation.status))


def _keys(value: Any) -> Any:
    """Reduce JSON to its keys."""
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    return None


def _values(value: Any) -> Any:
    """Reduce JSON to what it means.

    Moments lose their notation, and what is signed is reduced to its presence.
    """
    if isinstance(value, dict):
        return {key: inner is None if key in _SIGNED else _values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_values(inner) for inner in value]
    return _moment(value) if isinstance(value, str) and len(value) >= _SHORTEST_MOMENT else value


def _moment(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
