"""Undoing one change of the sequence, whatever it was."""

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.api.test_statement_counts import count
from tests.api.test_subtasks import tree
from tests.api.undoing import DUE, KINDS, Content, begun, last, made, problem_of, read, sent, undo, undone
from tests.people import Person

# What is revoked stays so.
RESTORED = [kind for kind in KINDS if kind != "personal_token"]


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
    assert (change["entity"], change["action"], change["version"], change["after"].keys()) == (
        kind,
        "reverted",
        3,
        KINDS[kind][2].keys(),
    )
    await undone(ada, change["seq"])
    assert await read(ada, path) == updated


@pytest.mark.spec("UNDO-003", "UNDO-004")
@pytest.mark.parametrize("kind", RESTORED)
async def test_a_creation_of_anything_is_undone_and_that_is_undone_in_turn(ada: Person, kind: str) -> None:
    path, seq = await begun(ada, kind)
    original = await read(ada, path)
    change = await undone(ada, seq)
    assert (await read(ada, path), change["action"], change["before"]) == (
        None,
        "reverted",
        {"deleted_at": None},
    )
    await undone(ada, seq + 1)
    assert await read(ada, path) == original
    await undone(ada, seq + 2)
    assert await read(ada, path) is None


@pytest.mark.spec("UNDO-004", "UNDO-005")
@pytest.mark.parametrize("kind", RESTORED)
async def test_a_deletion_of_anything_is_undone_once(ada: Person, kind: str) -> None:
    path, _ = await begun(ada, kind)
    original = await read(ada, path)
    seq = await sent(ada, "DELETE", path)
    assert (await undone(ada, seq))["after"] == {"deleted_at": None}
    assert await read(ada, path) == original
    assert problem_of(await undo(ada, seq)) == (409, "CONFLICT")
    assert await last(ada) == seq + 1


@pytest.mark.spec("UNDO-005")
@pytest.mark.parametrize("kind", RESTORED)
async def test_a_chain_of_undoings_goes_through_the_trash_and_back(ada: Person, kind: str) -> None:
    path, created = await begun(ada, kind)
    original = await read(ada, path)
    deletion = await sent(ada, "DELETE", path)
    restoration = (await undone(ada, deletion))["seq"]
    assert await read(ada, path) == original
    await undone(ada, restoration)
    assert await read(ada, path) is None
    await undone(ada, deletion)
    assert await read(ada, path) == original
    await undone(ada, created)
    assert await read(ada, path) is None


@pytest.mark.spec("UNDO-005")
async def test_a_restoration_and_then_the_deletion_before_it_are_undone(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    original = await read(ada, path)
    await sent(ada, "DELETE", path)
    restoration = await sent(ada, "POST", path.replace("tasks", "trash") + "/restore")
    await undone(ada, restoration)
    await undone(ada, 2)
    assert await read(ada, path) == original


@pytest.mark.spec("UNDO-009")
async def test_a_change_that_undoes_another_names_it(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    assert (await undone(ada, seq))["reverts"] == seq
    assert (await undone(ada, seq + 1))["reverts"] == seq + 1
    assert [change["reverts"] for change in await ada.changes()] == [None, None, seq, seq + 1]


@pytest.mark.spec("UNDO-003")
@pytest.mark.parametrize("purged", [False, True])
async def test_undoing_a_restoration_gives_back_what_it_took(
    ada: Person, connection: asyncpg.Connection, *, purged: bool
) -> None:
    parent, category, kept = await ada.create_task(), await made(ada, "category"), await made(ada, "tag")
    gone = await made(ada, "tag", name="Gone")
    tags = sorted([kept["id"], gone["id"]])
    refers = {"parent_id": parent["id"], "category_id": category["id"], "tag_ids": tags}
    task = await ada.create_task(**refers)
    for path, thing in (("tasks", task), ("tasks", parent), ("categories", category), ("tags", gone)):
        await sent(ada, "DELETE", f"/api/{path}/{thing['id']}")
    restoration = await sent(ada, "POST", f"/api/trash/{task['id']}/restore")
    nothing = {"parent_id": None, "category_id": None, "tag_ids": [kept["id"]]}
    assert {name: (await ada.changes())[-1]["after"][name] for name in refers} == nothing
    if purged:
        await sent(ada, "DELETE", f"/api/trash/{parent['id']}")
        await fetch(connection, "delete from agendum.category")
        await fetch(connection, "delete from agendum.tag where name = 'Gone'")
    change, given_back = await undone(ada, restoration), nothing if purged else refers
    assert {name: change["after"].get(name, nothing[name]) for name in refers} == given_back
    items = (await ada.client.get("/api/trash")).json()["items"]
    [trashed] = [item for item in items if item["id"] == task["id"]]
    assert {name: trashed[name] for name in refers} == given_back
    await undone(ada, change["seq"])
    again = await read(ada, f"/api/tasks/{task['id']}") or {}
    assert {name: again[name] for name in refers} == nothing


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
    task = await ada.create_task(
        description="by transfer", start_date="2026-11-01", due=DUE | {"time": "10:00:00"}
    )
    path = f"/api/tasks/{task['id']}"
    original = await read(ada, path)
    await undone(ada, await sent(ada, "PATCH", path, **content))
    assert await read(ada, path) == original


@pytest.mark.spec("UNDO-002")
async def test_the_moment_of_a_due_time_goes_back_with_it(
    ada: Person, connection: asyncpg.Connection
) -> None:
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
    first, second = [
        await made(ada, kind, **{"title" if kind == "task" else "name": name}) for name in ("One", "Two")
    ]
    path = f"{KINDS[kind][0]}/{second['id']}"
    await undone(ada, await sent(ada, "POST", f"{path}/move", before=first["id"]))
    assert (await read(ada, path) or {})["position"] == second["position"]


@pytest.mark.spec("UNDO-002")
async def test_parent_category_and_tags_go_back(ada: Person) -> None:
    parent, task = [await ada.create_task() for _ in range(2)]
    category, tag, other = (
        await made(ada, "category"),
        await made(ada, "tag"),
        await made(ada, "tag", name="Other"),
    )
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


@pytest.mark.spec("UNDO-003")
async def test_a_restoration_is_undone_subtasks_first_and_no_sooner_purged(ada: Person) -> None:
    task = await ada.create_task()
    await ada.create_task(parent_id=task["id"])
    await sent(ada, "DELETE", f"/api/tasks/{task['id']}")
    seq = await sent(ada, "POST", f"/api/trash/{task['id']}/restore")
    restored = (await ada.changes(after=4))[0]
    await undone(ada, seq)
    change = await undone(ada, restored["seq"])
    assert (change["entity_id"], change["after"]) == (task["id"], {"deleted_at": change["occurred_at"]})
    assert change["occurred_at"] > restored["before"]["deleted_at"]
    assert (await ada.client.get("/api/tasks")).json()["total"] == 0


@pytest.mark.spec("UNDO-003", "UNDO-006")
async def test_what_is_in_the_trash_does_not_keep_a_creation_from_being_undone(ada: Person) -> None:
    thing, tag, parent = await made(ada, "category"), await made(ada, "tag"), await ada.create_task()
    child = await ada.create_task(parent_id=parent["id"], category_id=thing["id"], tag_ids=[tag["id"]])
    after = await sent(ada, "DELETE", f"/api/tasks/{child['id']}")
    changes = [await undone(ada, seq) for seq in (1, 2, 3)]
    assert [change["after"].keys() for change in changes] == [{"deleted_at"}] * 3
    assert await last(ada) == after + 3


@pytest.mark.spec("UNDO-004", "SUB-004")
async def test_undoing_the_deletions_of_a_tree_gives_the_same_tree_again(ada: Person) -> None:
    top = await ada.create_task(title="top")
    for title in ("first", "second"):
        child = await ada.create_task(title=title, parent_id=top["id"])
        await ada.create_task(title=f"below {title}", parent_id=child["id"])
    path = f"/api/tasks/{top['id']}"
    original = await tree(ada, top["id"])
    final = await sent(ada, "DELETE", path)
    for seq in range(final, final - 5, -1):
        await undone(ada, seq)
    assert await tree(ada, top["id"]) == original
    for seq in range(final + 5, final, -1):
        await undone(ada, seq)
    assert await read(ada, path) is None


@pytest.mark.spec("UNDO-004", "CAT-008", "CAT-009")
@pytest.mark.parametrize("fate", ["keep", "trash"])
async def test_undoing_all_that_the_deletion_of_a_category_did_gives_the_same_again(
    ada: Person, fate: str
) -> None:
    category = await made(ada, "category")
    parent = await ada.create_task(category_id=category["id"])
    child = await ada.create_task(category_id=category["id"], parent_id=parent["id"])
    paths = [f"/api/categories/{category['id']}", *(f"/api/tasks/{task['id']}" for task in (parent, child))]
    original = [await read(ada, path) for path in paths]
    final = await sent(ada, "DELETE", f"{paths[0]}?tasks={fate}")
    for seq in (final, final - 1, final - 2):
        await undone(ada, seq)
    assert [await read(ada, path) for path in paths] == original


@pytest.mark.spec("UNDO-004")
async def test_what_comes_back_drops_what_it_refers_to_and_is_gone(ada: Person) -> None:
    parent, category = await ada.create_task(), await made(ada, "category")
    kept, gone = await made(ada, "tag"), await made(ada, "tag", name="Gone")
    task = await ada.create_task(
        parent_id=parent["id"], category_id=category["id"], tag_ids=[kept["id"], gone["id"]]
    )
    seq = await sent(ada, "DELETE", f"/api/tasks/{task['id']}")
    for path in (
        f"/api/tasks/{parent['id']}",
        f"/api/categories/{category['id']}",
        f"/api/tags/{gone['id']}",
    ):
        await sent(ada, "DELETE", path)
    change = await undone(ada, seq)
    assert change["after"] == {
        "deleted_at": None,
        "parent_id": None,
        "category_id": None,
        "tag_ids": [kept["id"]],
    }


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
    prices = [
        await count(ada, connection, method="POST", path=f"/api/changes/{number}/revert")
        for number in (seq, seq, 99)
    ]
    assert prices == [(200, 6), (409, 3), (404, 2)]
