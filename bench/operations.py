"""The operations that are measured, as numbered requests: the same number is always the same request.

Both targets draw from one sequence of numbers, so that the same task is never completed twice in the same direction.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from bench.data import PEOPLE, TASKS_EACH, is_completed, task_id
from bench.servers import HOST

PAGE = 50
# Two filters and a sort, and a search for a word and the beginning of another: 49 and 8 of a person's 200 tasks.
FILTERED = "/api/tasks?status=open&priority=none,high&sort=due"
SEARCHED = "/api/tasks?q=rent%20con"
READS = ("get", "list", "filter", "search")
# Every fifth person calls: enough that no two requests in flight are one person's, and few enough that the service,
# which remembers a verified token for a minute, is measured with callers that it knows.
_CALLERS = range(0, PEOPLE, 5)
_CALLER_STRIDE = 37
_TASK_STRIDE = 37
_TOGGLED_TASKS = 4_000
_OPEN_INDEXES = [index for index in range(TASKS_EACH) if not is_completed(index)]


@dataclass(frozen=True)
class Call:
    """One request, before it is addressed to a target."""

    person: int
    method: str
    path: str
    body: Any = None


@dataclass(frozen=True)
class Operation:
    """A kind of request with the status it must have, its gate and its goal as a ratio to the floor."""

    name: str
    status: int
    gate: float
    goal: float
    call: Callable[[int], Call]


@dataclass(frozen=True)
class Target:
    """A running server: where it listens, which process it is, and the header line that says who is asking."""

    name: str
    port: int
    process_id: int
    identities: Sequence[str]

    def request(self, call: Call) -> bytes:
        """Write a call down as the bytes of an HTTP/1.1 request."""
        head = f"{call.method} {call.path} HTTP/1.1\r\nhost: {HOST}:{self.port}\r\n{self.identities[call.person]}"
        if call.body is None:
            return f"{head}\r\n".encode()
        body = json.dumps(call.body).encode()
        return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def stream(target: Target, operation: Operation, numbers: "count[int]") -> Callable[[], bytes]:
    """Give a function that makes the target's next request of this operation."""
    return lambda: target.request(operation.call(next(numbers)))


def _person(number: int) -> int:
    return _CALLERS[number * _CALLER_STRIDE % len(_CALLERS)]


def _get(number: int) -> Call:
    person = _person(number)
    return Call(
        person, "GET", f"/api/tasks/{task_id(person, number // len(_CALLERS) * _TASK_STRIDE % TASKS_EACH)}"
    )


def _list(number: int) -> Call:
    return Call(_person(number), "GET", "/api/tasks")


def _filter(number: int) -> Call:
    return Call(_person(number), "GET", FILTERED)


def _search(number: int) -> Call:
    return Call(_person(number), "GET", SEARCHED)


def _create(number: int) -> Call:
    body = {
        "title": f"Call the supplier about order {number}",
        "description": "Ask for the delivery date and for the missing certificate.",
        "priority": "high",
        "due": {"date": "2026-12-01", "time": "14:00:00", "timezone": "Europe/Amsterdam"},
    }
    return Call(_person(number), "POST", "/api/tasks", body)


def _complete(number: int) -> Call:
    """Complete a task of the spread in one turn and reopen it in the next, so that each request writes."""
    turn, place = divmod(number, _TOGGLED_TASKS)
    person = _person(place)
    path = f"/api/tasks/{task_id(person, _OPEN_INDEXES[place // len(_CALLERS)])}/complete"
    return Call(person, "PATCH", path, {"completed": turn % 2 == 0})


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("get", 200, gate=7, goal=3.5, call=_get),
        Operation("list", 200, gate=3.5, goal=2, call=_list),
        Operation("filter", 200, gate=4, goal=2.5, call=_filter),
        Operation("search", 200, gate=8, goal=3.5, call=_search),
        Operation("create", 201, gate=4, goal=2, call=_create),
        Operation("complete", 200, gate=4, goal=2, call=_complete),
    )
}
