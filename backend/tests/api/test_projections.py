"""A list of tasks shows rows or texts of JSON: the same tasks, with the same content, up to the same place."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from fastapi import FastAPI

from app.domain.changes import Origin, Source
from app.domain.paging import Slice
from app.http.answers import json_of
from app.repositories.unit_of_work import reading
from app.schemas.task import TaskRead
from app.schemas.task_query import TaskFilter
from app.services import task_search, trash
from tests.people import Person

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DUE = {"date": "2026-12-01", "time": "09:00:05", "timezone": "Europe/Berlin"}
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"sort": "-due,title"},
    {"q": "rent"},
    {"q": "rent", "sort": "position"},
    {"tag": "errand", "status": "open"},
]


@pytest.mark.spec("TASK-006", "FIND-001")
@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_rows_and_json_show_the_same(ada: Person, app: FastAPI, question: dict[str, Any]) -> None:
    tag = (await ada.client.post("/api/tags", json={"name": "errand"})).json()["id"]
    for title, more in (
        ("Pay rent", {"due": DUE, "tag_ids": [tag]}),
        ("rent a car", {"tag_ids": [tag]}),
        ("Rent", {}),
    ):
        await ada.create_task(title=title, **more)
    asked, wanted = Slice(1, 0, None, exact=False), TaskFilter.model_validate(question)
    async with reading(app.state.runtime.database, Origin.own(ada.user_id, Source.API)) as work:
        rows = await task_search.browse(work, wanted, asked, now=NOW, show=task_search.AS_ROWS)
        texts = await task_search.browse(work, wanted, asked, now=NOW, show=task_search.AS_JSON)
    assert [orjson.loads(json_of(TaskRead, row)) for row in rows.items] == [
        orjson.loads(text) for text in texts.items
    ]
    assert (rows.total, rows.last, len(rows.items)) == (texts.total, texts.last, 1)
    assert rows.last is not None


@pytest.mark.spec("TRASH-001")
async def test_rows_and_json_show_the_same_of_the_trash(ada: Person, app: FastAPI) -> None:
    task = await ada.create_task()
    await ada.client.delete(f"/api/tasks/{task['id']}")
    async with reading(app.state.runtime.database, Origin.own(ada.user_id, Source.API)) as work:
        rows = await trash.browse(work, Slice(5, 0, None, exact=False), show=task_search.AS_ROWS)
        texts = await trash.browse(work, Slice(5, 0, None, exact=False), show=task_search.AS_JSON)
    assert [orjson.loads(json_of(TaskRead, row)) for row in rows.items] == [
        orjson.loads(text) for text in texts.items
    ]
    assert [str(row.id) for row in rows.items] == [task["id"]]
