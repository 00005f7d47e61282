"""What a second person learns and changes by calling with the first one's ids. Each check returns the faults that it found."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import asyncpg
import httpx2
from uuid_utils.compat import uuid7

from tests.guards.operations import Operation
from tests.people import Person
from tests.world import world_of

CANARY = "A7f3e is written by its owner alone"


async def make_task(owner: Person) -> str:
    """Make a task with the canary in it, and return its id."""
    task_id: str = (await owner.create_task(title=CANARY, description=CANARY))["id"]
    return task_id


# One line for each path parameter: how its owner makes one. An operation with another parameter fails until it has a line here.
MAKERS: Mapping[str, Callable[[Person], Awaitable[str]]] = {"task_id": make_task}
# The same for ids that a body names: what it names is free for whoever has none of that id.
CHOSEN_IDS: Mapping[str, Callable[[Person], Awaitable[str]]] = {"id": make_task}


@dataclass(frozen=True)
class Meeting:
    """An owner, a stranger, and the superuser's connection that sees what both have."""

    owner: Person
    stranger: Person
    connection: asyncpg.Connection

    async def check_path(self, operation: Operation) -> list[str]:
        """Call with ids in the path: as the stranger with the owner's and with random ones, then as the owner."""
        values = {name: await MAKERS[name](self.owner) for name in operation.parameters}
        before = await world_of(self.connection, self.owner.user_id)
        foreign = await operation.call(self.stranger.client, values)
        missing = await operation.call(self.stranger.client, {name: str(uuid7()) for name in values})
        after = await world_of(self.connection, self.owner.user_id)
        own = await operation.call(self.owner.client, values)
        faults = {
            f"a foreign id gives {foreign.status_code}": foreign.status_code != 404,
            f"a random id gives {missing.status_code}": missing.status_code != 404,
            "a foreign id and a random one can be told apart": told_apart(foreign, missing),
            "a foreign id shows what is its owner's": CANARY in foreign.text,
            "the stranger changed what is the owner's": after != before,
            f"the owner gets {own.status_code}, so that nothing is proved": not own.is_success,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_chosen_id(self, operation: Operation, name: str) -> list[str]:
        """Call with an id in the body that the owner has already: it is as free as a random one."""
        foreign_id = await CHOSEN_IDS[name](self.owner)
        before = await world_of(self.connection, self.owner.user_id)
        foreign = await operation.call(self.stranger.client, {}, **{name: foreign_id})
        free = await operation.call(self.stranger.client, {}, **{name: str(uuid7())})
        after = await world_of(self.connection, self.owner.user_id)
        faults = {
            f"a foreign {name} gives {foreign.status_code}": not foreign.is_success,
            f"a foreign {name} and a free one give different statuses": foreign.status_code != free.status_code,
            f"a foreign {name} and a free one give different headers": header_names(foreign) != header_names(free),
            f"a foreign {name} shows what is its owner's": CANARY in foreign.text,
            f"a foreign {name} changed what is its owner's": after != before,
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]

    async def check_collection(self, operation: Operation) -> list[str]:
        """Read what the caller has: the owner finds the owner's, the stranger does not."""
        await make_task(self.owner)
        await self.stranger.create_task()
        canaries = (CANARY, self.owner.user_id)
        own = await operation.call(self.owner.client, {})
        foreign = await operation.call(self.stranger.client, {})
        faults = {
            "the owner does not find what is the owner's, so that nothing is proved": not any(canary in own.text for canary in canaries),
            f"the stranger gets {foreign.status_code}": not foreign.is_success,
            "the stranger finds what is the owner's": any(canary in foreign.text for canary in canaries),
        }
        return [f"{operation}: {fault}" for fault, found in faults.items() if found]


def told_apart(first: httpx2.Response, second: httpx2.Response) -> bool:
    """Tell whether two refusals differ in more than their request ids."""
    return _without_request_id(first) != _without_request_id(second) or header_names(first) != header_names(second)


def header_names(response: httpx2.Response) -> list[str]:
    """Return the names of a response's headers, in their order."""
    return [name.decode() for name, _value in response.headers.raw]


def _without_request_id(response: httpx2.Response) -> bytes:
    return response.content.replace(response.headers["X-Request-ID"].encode(), b"")
