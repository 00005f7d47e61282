"""Two people do anything at all, each from several places at once.

Then their changes alone must give all of their rows again.
"""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from fastapi import FastAPI

from app.domain.changes import Action, Origin, Source
from app.repositories.unit_of_work import UnitOfWork, reading
from app.services.task_references import DEEPEST
from tests.people import Person, joined
from tests.walks.anything import Ids, Wanderer

STEPS, PLACES = 90, 3
Content = dict[str, Any]
_REPOSITORIES = {
    "task": "tasks",
    "category": "categories",
    "tag": "tags",
    "comment": "comments",
    "saved_filter": "saved_filters",
}


async def begun(person: Person) -> Ids:
    """Make one thing of each kind, so that there is something to begin with."""
    made = {"tasks": (await person.create_task())["id"]}
    for kind in ("categories", "tags"):
        made[kind] = (await person.client.post(f"/api/{kind}", json={"name": "First"})).json()["id"]
    made["filters"] = (await person.client.post("/api/filters", json={"name": "First", "query": {}})).json()[
        "id"
    ]
    comment = await person.client.post(f"/api/tasks/{made['tasks']}/comments", json={"body": "First"})
    return {
        kind: [entity_id]
        for kind, entity_id in (
            made | {"comments": comment.headers["Location"].removeprefix("/api/")}
        ).items()
    }


async def sequence(person: Person) -> list[Content]:
    """Return all changes of a person."""
    changes: list[Content] = []
    while page := await person.changes(after=len(changes)):
        changes += page
    return changes


def replayed(changes: list[Content]) -> dict[tuple[str, str], Content | None]:
    """Return each thing as its changes give it, with its version; None for what is purged."""
    things: dict[tuple[str, str], Content | None] = {}
    for change in changes:
        key = (change["entity"], change["entity_id"])
        if change["action"] == "purged":
            things[key] = None
            continue
        before = things.get(key) or {}
        assert before.get("version", 0) + 1 == change["version"]
        assert change["redacted_at"] is not None or all(
            before.get(name) == value for name, value in (change["before"] or {}).items()
        )
        things[key] = {
            **before,
            **change["after"],
            "version": change["version"],
            "updated_at": change["occurred_at"],
        }
    return things


async def kept(work: UnitOfWork, entity: str, entity_id: str) -> Content | None:
    """Return a row as a change would tell it, deleted or not, with its version; None if there is none."""
    row = await getattr(work, _REPOSITORIES[entity]).find_any(UUID(entity_id))
    if row is None:
        return None
    document = {**row.document(), "version": row.version, "updated_at": row.updated_at}
    content: Content = orjson.loads(orjson.dumps(document, option=orjson.OPT_UTC_Z))
    return content


def assert_sound(things: dict[tuple[str, str], Content | None]) -> None:
    """Check what holds at any time: living tasks refer to what is living, and stand in trees of at most six levels."""
    living = {
        entity_id: content
        for (_, entity_id), content in things.items()
        if content and content["deleted_at"] is None
    }
    for entity_id, content in living.items():
        if things.get(("task", entity_id)) is None:
            continue
        referred = [content["category_id"], content["parent_id"], *content["tag_ids"]]
        assert {reference for reference in referred if reference is not None} <= living.keys(), (
            entity_id,
            content,
        )
        levels, above = 1, content["parent_id"]
        while above is not None:
            levels, above = levels + 1, living[above]["parent_id"]
            assert levels <= DEEPEST + 1


async def count_of(witness: asyncpg.Connection, table: str, user_id: str) -> int:
    """Return how many rows a person has in a table."""
    number: int = await witness.fetchval(f"SELECT count(*) FROM agendum.{table} WHERE user_id = $1", user_id)
    return number


async def assert_replay(app: FastAPI, person: Person, witness: asyncpg.Connection) -> None:
    """Compare all rows of a person with what the changes give."""
    changes = await sequence(person)
    assert [change["seq"] for change in changes] == [*range(1, len(changes) + 1)]
    things = replayed(changes)
    assert_sound(things)
    async with reading(app.state.runtime.database, Origin.own(person.user_id, Source.API)) as work:
        for (entity, entity_id), content in things.items():
            assert await kept(work, entity, entity_id) == content, (entity, entity_id)
    living = [key for key, content in things.items() if content is not None]
    for entity in _REPOSITORIES:
        assert await count_of(witness, entity, person.user_id) == sum(kind == entity for kind, _ in living)
    purged = {key for key, content in things.items() if content is None}
    told = [
        text
        for change in changes
        if (change["entity"], change["entity_id"]) in purged
        for text in texts_of(change)
    ]
    assert {*told} <= {"", "{}"}


def texts_of(change: Content) -> list[str]:
    """Return what a person wrote that stands in a change."""
    documents = [change["before"] or {}, change["after"] or {}]
    written = [
        document.get(name)
        for document in documents
        for name in ("title", "description", "name", "body", "query")
    ]
    return [text if isinstance(text, str) else str(text) for text in written if text is not None]


@pytest.mark.spec("CHANGE-001", "CHANGE-002", "CHANGE-006", "CHANGE-007", "ORDER-003")
@pytest.mark.parametrize("seed", range(2))
async def test_the_changes_alone_give_all_rows_again(
    own_app: FastAPI, witness: asyncpg.Connection, seed: int
) -> None:
    async with joined(own_app) as ada, joined(own_app) as bob:
        everywhere = []
        for number, person in enumerate((ada, bob)):
            ids = await begun(person)
            everywhere += [Wanderer(person, seed * 100 + number * 10 + place, ids) for place in range(PLACES)]
        for _ in range(STEPS):
            await asyncio.gather(*(wanderer.step() for wanderer in everywhere))
        actions = {change["action"] for person in (ada, bob) for change in await sequence(person)}
        assert {Action.UPDATED, Action.DELETED, Action.RESTORED, Action.REVERTED, Action.PURGED} <= actions
        for person in (ada, bob):
            await assert_replay(own_app, person, witness)
            positions = await witness.fetch(
                "SELECT position FROM agendum.task WHERE user_id = $1", person.user_id
            )
            assert len({record["position"] for record in positions}) == len(positions)
    statuses = {
        status: sum(wanderer.statuses.get(status, 0) for wanderer in everywhere)
        for status in (200, 201, 204, 409, 422)
    }
    assert min(statuses.values()) > 3, statuses
