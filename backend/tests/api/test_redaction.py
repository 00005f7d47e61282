"""What is purged loses what a person wrote, in earlier changes as well; numbers and fields stay."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.workers.housekeeping import tidy
from tests.api.rows import fetch
from tests.api.trashing import CANARY, delete, purge
from tests.people import Person


@pytest.mark.spec("CHANGE-006")
async def test_a_purge_empties_texts_and_leaves_numbers_and_fields(ada: Person) -> None:
    task = await ada.create_task(title=CANARY, description=None, priority="high")
    await ada.client.patch(f"/api/tasks/{task['id']}", json={"title": "Other", "description": CANARY})
    await ada.client.patch(f"/api/tasks/{task['id']}", json={"priority": "low"})
    before = await ada.changes()
    await delete(ada, task)
    assert [change["redacted_at"] for change in await ada.changes()] == [None] * 4
    await purge(ada, task)
    after = await ada.changes()
    purged_at = after[-1]["occurred_at"]
    emptied = {"title": "", "description": None}
    assert after[0] == before[0] | {"after": before[0]["after"] | emptied, "redacted_at": purged_at}
    assert (after[1]["before"], after[1]["after"]) == (
        {"title": "", "description": None},
        {"title": "", "description": ""},
    )
    assert after[1]["redacted_at"] == purged_at
    assert after[2] == before[2]
    assert [change["redacted_at"] for change in after[2:]] == [None, None, None]


@pytest.mark.spec("CHANGE-006", "TRASH-008")
@pytest.mark.parametrize("kind", ["categories", "tags", "filters"])
async def test_what_time_purges_loses_its_texts_as_well(
    ada: Person, app: FastAPI, connection: asyncpg.Connection, kind: str
) -> None:
    body: dict[str, Any] = {"name": CANARY} | ({"query": {"q": CANARY}} if kind == "filters" else {})
    thing = (await ada.client.post(f"/api/{kind}", json=body)).json()
    await ada.client.delete(f"/api/{kind}/{thing['id']}")
    await tidy(app.state.runtime.database, now=datetime.now(UTC) + timedelta(days=31))
    changes = await ada.changes()
    assert (changes[0]["after"]["name"], changes[0]["redacted_at"]) == ("", changes[-1]["occurred_at"])
    assert changes[0]["after"].get("query", {}) == {}
    assert CANARY not in str(await fetch(connection, "select * from agendum.change"))


@pytest.mark.spec("CHANGE-006")
async def test_a_long_history_is_emptied_whole(ada: Person, connection: asyncpg.Connection) -> None:
    task = await ada.create_task(title=CANARY)
    await fetch(
        connection,
        """
        insert into agendum.change
            (user_id, seq, id, entity, entity_id, version, action, before, after, actor, source, occurred_at)
        select $1, n, gen_random_uuid(), 'task', $2, n, 'updated', '{}', jsonb_build_object('title', $3::text),
            $1, 'api', now()
        from generate_series(2, 1700) n
        """,
        ada.user_id,
        UUID(task["id"]),
        CANARY,
    )
    await fetch(connection, "update agendum.task set version = 1700")
    await fetch(connection, "update agendum.change_counter set last_seq = 1700")
    await delete(ada, task)
    await purge(ada, task)
    assert CANARY not in str(await fetch(connection, "select before, after from agendum.change"))
