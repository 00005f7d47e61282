"""What a second person learns and changes by calling with the first one's ids.

Each check returns the faults that it found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2
from uuid_utils.compat import uuid7

from tests.guards.makers import body_with, kind_of, made_by, made_for, make, own_body, unknown
from tests.guards.operations import Operation
from tests.people import Person
from tests.world import World, world_of

REFUSED = (404, 422)
# Where a foreign id is no fault of the request: what is not there is not there afterwards either.
ANSWERED: dict[str, str] = {"remove": "to take away a tag that a task does not have changes nothing"}


@dataclass(frozen=True)
class Meeting:
    """An owner, a stranger, and the superuser's connection that sees what both have."""

    owner: Person
    stranger: Person
    connection: asyncpg.Connection

    async def check_path(self, operation: Operation) -> list[str]:
        """Call with ids in the path: as the stranger with the owner's and with random ones, then as the owner."""
        values, body = await made_for(self.owner, operation), await own_body(self.owner, operation)
        before = await self._worlds()
        foreign = await operation.call(self.stranger.client, values, body=body)
        missing = await operation.call(self.stranger.client, unknown(values), body=body)
        after = await self._worlds()
        own = await operation.call(self.owner.client, values, body=body)
        faults = {
            f"a foreign id gives {foreign.status_code}": foreign.status_code != 404,
            f"a random id gives {missing.status_code}": missing.status_code != 404,
            "a foreign id and a random one can be told apart": told_apart(foreign, missing),
            "a foreign id shows what is its owner's": self.owner.user_id in foreign.text,
            "the stranger changed what is the owner's": after != before,
            f"the owner gets {own.status_code}, so that nothing is proved": not own.is_success,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_mixed_path(self, operation: Operation) -> list[str]:
        """Call with ids in the path that do not belong together: of two things of one's own, and of two people's."""
        first, second = [await made_for(self.stranger, operation) for _ in range(2)]
        mixed = {
            f"another {name} of {whose}": first | {name: others[name]}
            for whose, others in (
                ("one's own", second),
                ("the owner's", await made_for(self.owner, operation)),
            )
            for name in operation.parameters
        }
        body, before = await own_body(self.stranger, operation), await self._worlds()
        answers = {
            what: await operation.call(self.stranger.client, values, body=body)
            for what, values in mixed.items()
        }
        faults = [
            f"{what} gives {answer.status_code}"
            for what, answer in answers.items()
            if answer.status_code != 404
        ]
        faults += ["what does not belong together was changed"] if await self._worlds() != before else []
        return [f"{operation}: {fault}" for fault in faults]

    async def check_chosen_id(self, operation: Operation, place: str) -> list[str]:
        """Call with an id in the body that the owner has already: it is as free as a random one."""
        values, ids = (
            await made_for(self.stranger, operation),
            (await make(self.owner, made_by(operation)), str(uuid7())),
        )
        bodies = [await body_with(self.stranger, operation, place=place, value=value) for value in ids]
        before = await self._worlds(self.owner)
        foreign, free = [await operation.call(self.stranger.client, values, body=body) for body in bodies]
        after = await self._worlds(self.owner)
        faults = {
            f"a foreign {place} gives {foreign.status_code}": not foreign.is_success,
            f"a foreign {place} and a free one give different statuses": foreign.status_code
            != free.status_code,
            f"a foreign {place} and a free one give different headers": header_names(foreign)
            != header_names(free),
            f"a foreign {place} shows what is its owner's": self.owner.user_id in foreign.text,
            f"a foreign {place} changed what is its owner's": after != before,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_reference(self, operation: Operation, place: str) -> list[str]:
        """Call with an id in the body that refers to something: the owner's, a random one, and the stranger's own."""
        values, ids = await made_for(self.stranger, operation), await self._ids(kind_of(operation, place))
        bodies = [await body_with(self.stranger, operation, place=place, value=value) for value in ids]
        return await self._check_references(
            operation, values, place=place, calls=[{"body": body} for body in bodies]
        )

    async def check_query(self, operation: Operation, name: str) -> list[str]:
        """Call with an id in the query, likewise."""
        values, ids = await made_for(self.stranger, operation), await self._ids(kind_of(operation, name))
        calls = [{"params": {name: operation.queries[name](value)}} for value in ids]
        return await self._check_references(operation, values, place=name, calls=calls)

    async def _ids(self, kind: str) -> tuple[str, str, str]:
        return await make(self.owner, kind), unknown([kind])[kind], await make(self.stranger, kind)

    async def _check_references(
        self, operation: Operation, values: Mapping[str, str], *, place: str, calls: list[dict[str, Any]]
    ) -> list[str]:
        before = await self._worlds()
        foreign, missing = [await operation.call(self.stranger.client, values, **call) for call in calls[:2]]
        after = await self._worlds()
        own = await operation.call(self.stranger.client, values, **calls[2])
        refused = place.rpartition(".")[2] not in ANSWERED
        faults = {
            f"a foreign {place} gives {foreign.status_code}": foreign.status_code not in REFUSED
            if refused
            else not foreign.is_success,
            f"a foreign {place} and a random one can be told apart": told_apart(
                foreign, missing, bodies=refused
            ),
            f"a foreign {place} shows what is its owner's": self.owner.user_id in foreign.text,
            f"a foreign {place} changed something": after != before,
            f"one's own {place} gives {own.status_code}, so that nothing is proved": not own.is_success,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_collection(self, operation: Operation) -> list[str]:
        """Read what the caller has: the owner finds the owner's, the stranger does not."""
        await made_for(self.owner, operation)
        await make(self.owner, made_by(operation))
        await self.stranger.create_task()
        own = await operation.call(self.owner.client, {})
        foreign = await operation.call(self.stranger.client, {})
        faults = {
            "the owner does not find what is the owner's, so that nothing is proved": self.owner.user_id
            not in own.text,
            f"the stranger gets {foreign.status_code}": not foreign.is_success,
            "the stranger finds what is the owner's": self.owner.user_id in foreign.text,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def _worlds(self, *people: Person) -> list[World]:
        """Return all that these people have, or both of them."""
        return [
            await world_of(self.connection, person.user_id)
            for person in people or (self.owner, self.stranger)
        ]


def told_apart(first: httpx2.Response, second: httpx2.Response, *, bodies: bool = True) -> bool:
    """Tell whether two answers differ in more than their request ids; the bodies of two successes may."""
    if first.status_code != second.status_code or header_names(first) != header_names(second):
        return True
    return bodies and _without_request_id(first) != _without_request_id(second)


def header_names(response: httpx2.Response) -> list[str]:
    """Return the names of a response's headers, in their order."""
    return [name.decode() for name, _value in response.headers.raw]


def _without_request_id(response: httpx2.Response) -> bytes:
    return response.content.replace(response.headers["X-Request-ID"].encode(), b"")
