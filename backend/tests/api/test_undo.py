"""Undoing one change of the sequence, whatever it was."""

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.api.test_statement_counts import count
from tests.api.undoing import DUE, KINDS, Content, begun, last, made, problem_of, read, sent, undo, undone
from tests.people import Person


@pytest.mark.spec("UNDO-001", "UNDO-002")
@pytest.mark.parametrize("kind", KINDS)
async def test_an_update_of_anything_is_undone_and_that_is_undone_in_turn(ada: Person, kind: str) -> None:
    path, _ = await begun(ada, kind)
    original = await read(ada, path)
    seq = await sent(ada, "PATCH", path, **KINDS[kind][2])
    updated = await read(ada, path)
    change = await undone(ada, seq)
    assert await read(ada, path) == original != updated
    assert [change] == await ada.changes(after=seq)
    assert (change["entity"], change["action"], change["version"], change["after"].keys()) == (kind, "reverted", 3, KINDS[kind][2].keys())
    await undone(ada, change["seq"])
    assert await read(ada, path) == updated


@pytest.mark.spec("UNDO-003", "UNDO-004")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_creation_of_anything_is_undone_and_that_is_undone_in_turn(ada: Person, kind: str) -> None:
    path, seq = await begun(ada, kind)
    original = await read(ada, path)
    change = await undone(ada, seq)
    assert (await read(ada, path), change["action"], change["before"]) == (None, "reverted", {"deleted_at": None})
    await undone(ada, seq + 1)
    assert await read(ada, path) == original
    await undone(ada, seq + 2)
    assert await read(ada, path) is None


@pytest.mark.spec("UNDO-004", "UNDO-005")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_deletion_of_anything_is_undone_once(ada: Person, kind: str) -> None:
    path, _ = await begun(ada, kind)
    original = await read(ada, path)
    seq = await sent(ada, "DELETE", path)
    assert (await undone(ada, seq))["after"] == {"deleted_at": None}
    assert await read(ada, path) == original
    assert problem_of(await undo(ada, seq)) == (409, "CONFLICT")
    assert await last(ada) == seq + 1


@pytest.mark.spec("UNDO-002")
@pytest.mark.parametrize(
    "content",
    [
        {"due": DUE},
        {"due": None},
        {"due": {"date": "2027-01-01"}},
        {"start_date": "2026-11-28"},
        {"start_date": None},
        {"description": None},
        {"priority": "urgent", "title": "Pay more"},
        {"completed": True},
    ],
)
async def test_every_field_of_a_task_goes_back(ada: Person, content: Content) -> None:
    task = await ada.create_task(description="by transfer", start_date="2026-11-01", due=DUE | {"time": "10:00:00"})
    path = f"/api/tasks/{task['id']}"
    original = await read(ada, path)
    await undone(ada, await sent(ada, "PATCH", path, **content))
    assert await read(ada, path) == original


@pytest.mark.spec("UNDO-002")
async def test_the_moment_of_a_due_time_goes_back_with_it(ada: Person, connection: asyncpg.Connection) -> None:
    path = f"/api/tasks/{(await ada.create_task(due=DUE))['id']}"
    await undone(ada, await sent(ada, "PATCH", path, due=DUE | {"time": "10:00:00"}))
    [row] = await fetch(connection, "select due_at::text from agendum.task where user_id = $1", ada.user_id)
    assert row["due_at"].startswith("2026-12-01 08:00:00")


@pytest.mark.spec("UNDO-002")
async def test_completing_and_reopening_are_undone(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    completing = await sent(ada, "PATCH", f"{path}/complete")
    completed = await read(ada, path)
    reopening = await sent(ada, "PATCH", f"{path}/complete", completed=False)
    assert (await undone(ada, reopening))["after"]["completed"] is True
    assert await read(ada, path) == completed
    assert (await undone(ada, completing))["after"] == {"completed": False, "completed_at": None}


@pytest.mark.spec("UNDO-002")
@pytest.mark.parametrize("kind", ["task", "category"])
async def test_a_move_is_undone(ada: Person, kind: str) -> None:
    first, second = [await made(ada, kind, **{"title" if kind == "task" else "name": name}) for name in ("One", "Two")]
    path = f"{KINDS[kind][0]}/{second['id']}"
    await undone(ada, await sent(ada, "POST", f"{path}/move", before=first["id"]))
    assert (await read(ada, path) or {})["position"] == second["position"]


@pytest.mark.spec("UNDO-002")
async def test_parent_category_and_tags_go_back(ada: Person) -> None:
    parent, task = [await ada.create_task() for _ in range(2)]
    category, tag, other = await made(ada, "category"), await made(ada, "tag"), await made(ada, "tag", name="Other")
    path = f"/api/tasks/{task['id']}"
    await sent(ada, "PATCH", path, parent_id=parent["id"], category_id=category["id"], tag_ids=[tag["id"]])
    full = await read(ada, path)
    seq = await sent(ada, "PATCH", path, parent_id=None, category_id=None, tag_ids=[other["id"]])
    await undone(ada, seq)
    assert await read(ada, path) == full


@pytest.mark.spec("UNDO-002")
async def test_the_words_that_a_task_is_found_by_go_back(ada: Person, connection: asyncpg.Connection) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='Rent'))['id']}"
    words = "select search::text from agendum.task where user_id = $1"
    original = await fetch(connection, words, ada.user_id)
    await undone(ada, await sent(ada, "PATCH", path, title="Bicycle"))
    assert await fetch(connection, words, ada.user_id) == original


@pytest.mark.spec("UNDO-002")
async def test_what_others_have_written_since_stays(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more", priority="high")
    await sent(ada, "PATCH", path, description="by transfer")
    change = await undone(ada, seq)
    assert change["after"] == {"title": "Pay rent", "priority": "none"}
    assert (await read(ada, path) or {})["description"] == "by transfer"


@pytest.mark.spec("UNDO-003", "UNDO-004")
async def test_undoing_a_creation_takes_the_subtasks_along_and_undoing_that_brings_back_one(ada: Person) -> None:
    task = await ada.create_task()
    child = await ada.create_task(parent_id=task["id"])
    await undone(ada, 1)
    changes = await ada.changes(after=2)
    assert sorted((change["entity_id"], change["action"]) for change in changes) == [(task["id"], "reverted"), (child["id"], "deleted")]
    assert {change["after"]["deleted_at"] for change in changes} == {changes[0]["occurred_at"]}
    await undone(ada, next(change["seq"] for change in changes if change["action"] == "reverted"))
    tree = (await ada.client.get(f"/api/tasks/{task['id']}/tree")).json()
    assert (tree["id"], tree["children"]) == (task["id"], [])


@pytest.mark.spec("UNDO-003")
@pytest.mark.parametrize(("kind", "name"), [("category", "category_id"), ("tag", "tag_ids")])
async def test_undoing_a_creation_takes_it_away_from_its_tasks(ada: Person, kind: str, name: str) -> None:
    thing, other = await made(ada, kind), await made(ada, "tag", name="Other")
    task = await ada.create_task(**{"tag_ids": [other["id"]]} | {name: thing["id"] if kind == "category" else [thing["id"], other["id"]]})
    await undone(ada, 1)
    [change] = [change for change in await ada.changes(after=3) if change["entity"] == "task"]
    assert (change["action"], change["entity_id"]) == ("updated", task["id"])
    assert (await read(ada, f"/api/tasks/{task['id']}") or {})[name] == (None if kind == "category" else [other["id"]])


@pytest.mark.spec("UNDO-003")
async def test_a_restoration_is_undone_with_the_subtasks_and_no_sooner_purged(ada: Person) -> None:
    path = f"/api/tasks/{(task := await ada.create_task())['id']}"
    await ada.create_task(parent_id=task["id"])
    await sent(ada, "DELETE", path)
    await sent(ada, "POST", f"/api/trash/{task['id']}/restore")
    [restored] = [change for change in await ada.changes(after=4) if change["entity_id"] == task["id"]]
    change = await undone(ada, restored["seq"])
    assert change["after"]["deleted_at"] == change["occurred_at"] > restored["before"]["deleted_at"]
    assert (await ada.client.get("/api/tasks")).json()["total"] == 0


@pytest.mark.spec("UNDO-004")
async def test_what_comes_back_drops_what_it_refers_to_and_is_gone(ada: Person) -> None:
    parent, category = await ada.create_task(), await made(ada, "category")
    kept, gone = await made(ada, "tag"), await made(ada, "tag", name="Gone")
    task = await ada.create_task(parent_id=parent["id"], category_id=category["id"], tag_ids=[kept["id"], gone["id"]])
    seq = await sent(ada, "DELETE", f"/api/tasks/{task['id']}")
    for path in (f"/api/tasks/{parent['id']}", f"/api/categories/{category['id']}", f"/api/tags/{gone['id']}"):
        await sent(ada, "DELETE", path)
    change = await undone(ada, seq)
    assert change["after"] == {"deleted_at": None, "parent_id": None, "category_id": None, "tag_ids": [kept["id"]]}


@pytest.mark.spec("UNDO-001")
async def test_undoing_heeds_the_version_and_tells_the_new_one(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    stale, fresh = await undo(ada, seq, **{"If-Match": '"1"'}), await undo(ada, seq, **{"If-Match": '"2"'})
    assert (problem_of(stale), stale.headers["ETag"]) == ((412, "STALE"), '"2"')
    assert (fresh.status_code, fresh.headers["ETag"]) == (200, (await ada.client.get(path)).headers["ETag"])


@pytest.mark.spec("UNDO-001")
async def test_an_undoing_that_is_sent_again_is_done_once(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    first, second = [await undo(ada, seq, **{"Idempotency-Key": "undo"}) for _ in range(2)]
    assert (first.text, second.headers["Idempotency-Replayed"], await last(ada)) == (second.text, "true", 3)


async def test_the_price_of_undoing(ada: Person, connection: asyncpg.Connection) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    prices = [await count(ada, connection, method="POST", path=f"/api/changes/{number}/revert") for number in (seq, seq, 99)]
    assert prices == [(200, 6), (409, 3), (404, 2)]
