"""What becomes of a write that is sent again, or that comes too late. Each check returns the faults that it found."""

import re
from dataclasses import dataclass

import asyncpg
import httpx2
from uuid_utils.compat import uuid7

from app.models.account import ADMINISTRATION
from tests.api.rows import fetch
from tests.guards.makers import Values, made_for, own_body
from tests.guards.operations import Operation
from tests.people import Person
from tests.world import World, world_of

# Only these may differ between an answer and its replay.
OF_THE_MOMENT = ("x-request-id", "idempotency-replayed", "content-length", "ratelimit", "ratelimit-policy")
# What is in the first answer alone: a replay has null there.
SHOWN_ONCE = re.compile(rb'"token":"[^"]*"')


@dataclass(frozen=True)
class Writer:
    """A person who writes, and the superuser's connection that sees what became of it."""

    person: Person
    connection: asyncpg.Connection

    async def check_replay(self, operation: Operation) -> list[str]:
        """Send a request twice with one key: it has an effect once, and one answer."""
        values, body = await made_for(self.person, operation), await own_body(self.person, operation)
        headers, changes = {"Idempotency-Key": str(uuid7())}, await self._numbers()
        first = await operation.call(self.person.client, values, headers=headers, body=body)
        effect = await self._numbers() - changes
        world = await self._world(values)
        second = await operation.call(self.person.client, values, headers=headers, body=body)
        faults = {
            f"the first gives {first.status_code}, so that nothing is proved": not first.is_success,
            "the first has no effect, so that nothing is proved": effect == 0,
            "the first says that it is a replay": "Idempotency-Replayed" in first.headers,
            "the second is not said to be a replay": second.headers.get("Idempotency-Replayed") != "true",
            "the second is another answer": _told(first) != _told(second),
            "the second shows what is shown once": SHOWN_ONCE.search(second.content) is not None,
            "the second has an effect": await self._world(values) != world,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def _numbers(self) -> int:
        """Return how many changes there are, whoever owns them."""
        numbers = await fetch(self.connection, "SELECT sum(last_seq)::int AS all FROM agendum.change_counter")
        return int(numbers[0]["all"])

    async def _world(self, values: Values) -> list[World]:
        """Return all that may be changed: what the person has, what administration has, and of whom it is."""
        owners = (self.person.user_id, ADMINISTRATION, *values.values())
        return [await world_of(self.connection, owner) for owner in owners]

    async def check_condition(self, operation: Operation) -> list[str]:
        """Send a request for a version that is not there, and then for the one that the refusal names."""
        values, body = await made_for(self.person, operation), await own_body(self.person, operation)
        world = await self._world(values)
        headers = {"If-Match": '"4000"', "Idempotency-Key": str(uuid7())}
        stale = await operation.call(self.person.client, values, headers=headers, body=body)
        changed = await self._world(values) != world
        current = headers | {"If-Match": stale.headers.get("ETag", "none")}
        fresh = await operation.call(self.person.client, values, headers=current, body=body)
        faults = {
            f"an unknown version gives {stale.status_code}": stale.status_code != 412,
            "an unknown version is not called stale": stale.json().get("code") != "STALE"
            if stale.content
            else True,
            "an unknown version does not keep it from changing something": changed,
            f"the version that a refusal names gives {fresh.status_code}": not fresh.is_success,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_no_condition(self, operation: Operation) -> list[str]:
        """Send a request that takes no condition with one that everything fulfils.

        It is refused by the header's name.
        """
        values, body = await made_for(self.person, operation), await own_body(self.person, operation)
        world = await self._world(values)
        refused = await operation.call(self.person.client, values, headers={"If-Match": "*"}, body=body)
        errors = refused.json().get("errors", []) if refused.content else []
        faults = {
            f"a condition gives {refused.status_code}": refused.status_code != 422,
            "the condition is not named": [error["field"] for error in errors] != ["If-Match"],
            "a condition does not keep it from changing something": await self._world(values) != world,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_read(self, operation: Operation) -> list[str]:
        """Read a thing, and read it again as one who has it."""
        values = await made_for(self.person, operation)
        first = await operation.call(self.person.client, values)
        tag = first.headers.get("ETag", "none")
        again = await operation.call(self.person.client, values, headers={"If-None-Match": tag})
        faults = {
            f"the entity tag is {tag}": not first.is_success or tag != f'"{first.json().get("version")}"',
            f"what is known gives {again.status_code}": again.status_code != 304,
            "what is known is sent again": again.content != b"",
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]


def _told(response: httpx2.Response) -> tuple[object, ...]:
    content = SHOWN_ONCE.sub(b'"token":null', response.content)
    headers = sorted(header for header in response.headers.multi_items() if header[0] not in OF_THE_MOMENT)
    return response.status_code, content, headers
