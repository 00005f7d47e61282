"""Everything that people own is entered in the register of kinds, and what is promised of each kind holds for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from sqlmodel import SQLModel

from app.repositories.kinds import KINDS
from app.repositories.owned import Owned
from app.repositories.recorded import Recorded
from app.repositories.tasks import Tasks
from app.workers.housekeeping import tidy
from tests.api import undoing
from tests.api.rows import fetch
from tests.guards.makers import CANARY, NUMBERS, PEOPLE, RECIPES, make
from tests.guards.source_module import PROJECT
from tests.people import Person

OWNED_COLUMNS = {"user_id", "id", "version", "deleted_at"}
MADE_BY = {name: recipe for name, recipe in RECIPES.items() if name not in NUMBERS | PEOPLE}


def concrete(kind: type[Owned[Any]]) -> Iterator[type[Owned[Any]]]:
    """Give the repositories below a class that have an entity of their own."""
    for below in kind.__subclasses__():
        yield from [below] if hasattr(below, "entity") and below.__module__.startswith("app.") else []
        yield from concrete(below)


def tables_of_owners() -> set[str]:
    """Name the tables whose rows have an owner, an id, a version and a moment of deletion."""
    return {table.name for table in SQLModel.metadata.tables.values() if {*table.c.keys()} >= OWNED_COLUMNS}


def test_every_repository_of_owned_rows_is_registered_once() -> None:
    assert sorted(kind.__name__ for kind in concrete(Owned)) == sorted(kind.__name__ for kind in KINDS)
    assert len({kind.entity for kind in KINDS}) == len(KINDS) >= 5


def test_every_table_of_owned_rows_has_a_registered_repository() -> None:
    assert {kind.statements.table.name for kind in KINDS} == tables_of_owners()


def test_tasks_have_no_methods_that_write() -> None:
    assert [kind for kind in KINDS if not issubclass(kind, Recorded)] == [Tasks]
    assert [name for name in vars(Recorded) if not name.startswith("_") and hasattr(Tasks, name)] == []


def test_every_kind_is_tried_by_the_tests_of_undoing() -> None:
    assert undoing.KINDS.keys() == {kind.entity for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.entity)
def test_every_kind_is_described_in_the_specs(kind: type[Owned[Any]]) -> None:
    schema = (PROJECT / "specs/database/schema.md").read_text()
    features = [path.read_text() for path in (PROJECT / "specs/features").glob("*.md")]
    assert f"## {kind.statements.table.name}\n" in schema
    assert any(kind.entity.replace("_", " ") in text for text in features)


@pytest.mark.spec("UNDO-001", "TRASH-008", "CHANGE-006")
async def test_every_kind_can_be_made_undone_and_purged(
    ada: Person, app: FastAPI, connection: asyncpg.Connection
) -> None:
    made = {await made_and_undone(ada, name) for name in MADE_BY}
    assert made == {kind.entity for kind in KINDS}
    await tidy(app.state.runtime.database, now=datetime.now(UTC) + timedelta(days=31))
    left = [
        await fetch(connection, f"SELECT id FROM {kind.statements.table} WHERE deleted_at IS NOT NULL")
        for kind in KINDS
    ]
    purged = await fetch(connection, "SELECT entity, entity_id FROM agendum.change WHERE action = 'purged'")
    assert (left, {change["entity"] for change in purged}) == ([[]] * len(KINDS), made)
    ids = [change["entity_id"] for change in purged]
    assert CANARY not in str(
        await fetch(connection, "SELECT before, after FROM agendum.change WHERE entity_id = ANY ($1)", ids)
    )


async def made_and_undone(person: Person, parameter: str) -> str:
    """Make what a path parameter names, undo that, and return what the change sequence calls it."""
    await make(person, parameter)
    creation = (await person.changes())[-1]
    assert creation["action"] == "created"
    response = await undoing.undo(person, creation["seq"])
    assert (response.status_code, response.json()["action"]) == (200, "reverted"), response.text
    return str(creation["entity"])
