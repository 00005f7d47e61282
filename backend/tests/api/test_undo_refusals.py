"""What cannot be undone, because it was written over, is in the trash, is gone, or is somebody else's."""

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.api.undoing import DUE, KINDS, begun, last, made, problem_of, read, sent, undo, undone
from tests.people import Person
from tests.world import world_of


@pytest.mark.spec("UNDO-006")
async def test_a_comment_waits_in_the_trash_for_its_task(ada: Person) -> None:
    path, seq = await begun(ada, "comment")
    deletion = await sent(ada, "DELETE", path)
    after = await sent(ada, "DELETE", path.partition("/comments")[0])
    assert [problem_of(await undo(ada, number)) for number in (seq, deletion)] == [(409, "CONFLICT")] * 2
    assert await last(ada) == after
    await undone(ada, after)
    await undone(ada, deletion)
    assert await read(ada, path) is not None


@pytest.mark.spec("UNDO-005")
async def test_what_was_written_over_since_is_told_and_nothing_is_changed(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more", priority="high", due={"date": "2026-12-01"})
    await sent(ada, "PATCH", path, title="Pay less")
    await sent(ada, "PATCH", path, title="Pay nothing", due=DUE)
    response = await undo(ada, seq)
    assert problem_of(response) == (409, "EDIT_CONFLICT")
    assert response.json()["conflicts"] == [
        {"field": "due", "current": DUE, "given": None, "seq": 4},
        {"field": "title", "current": "Pay nothing", "given": "Pay rent", "seq": 4},
    ]
    assert await last(ada) == 4


@pytest.mark.spec("UNDO-005")
async def test_what_has_gone_back_already_is_not_undone(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    await sent(ada, "PATCH", path, title="Pay rent")
    assert (problem_of(await undo(ada, seq)), await last(ada)) == ((409, "CONFLICT"), 3)


@pytest.mark.spec("UNDO-005")
async def test_what_was_written_since_is_told_even_if_it_is_the_same_again(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='A'))['id']}"
    for title in "BCB":
        await sent(ada, "PATCH", path, title=title)
    response = await undo(ada, 2)
    assert problem_of(response) == (409, "EDIT_CONFLICT")
    assert response.json()["conflicts"] == [{"field": "title", "current": "B", "given": "A", "seq": 4}]
    assert await last(ada) == 4


@pytest.mark.spec("UNDO-005")
async def test_undoing_the_last_of_several_writes_does_not_free_those_before_it(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='A'))['id']}"
    for title in "BCBD":
        await sent(ada, "PATCH", path, title=title)
    await undone(ada, 5)
    assert problem_of(await undo(ada, 2)) == (409, "EDIT_CONFLICT")
    for seq in (4, 3, 2, 1):
        await undone(ada, seq)


@pytest.mark.spec("UNDO-005")
async def test_what_was_written_by_hand_after_undoings_is_not_written_over(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='A'))['id']}"
    for title in "BC":
        await sent(ada, "PATCH", path, title=title)
    for seq in (3, 4, 5):
        await undone(ada, seq)
    for title in "DBE":
        await sent(ada, "PATCH", path, title=title)
    await undone(ada, 9)
    assert (await undo(ada, 2)).json()["conflicts"] == [
        {"field": "title", "current": "B", "given": "A", "seq": 10}
    ]


@pytest.mark.spec("UNDO-005")
async def test_an_undoing_that_was_undone_is_told(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='A'))['id']}"
    for seq in (await sent(ada, "PATCH", path, title="B"), 3):
        await undone(ada, seq)
    assert (await undo(ada, 1)).json()["conflicts"] == [
        {"field": "title", "current": "B", "given": "A", "seq": 4}
    ]


@pytest.mark.spec("UNDO-005")
async def test_a_write_after_an_undoing_is_told(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task(title='A'))['id']}"
    await sent(ada, "PATCH", path, title="B")
    await undone(ada, await sent(ada, "PATCH", path, title="C"))
    await undone(ada, 4)
    await sent(ada, "PATCH", path, title="B")
    assert (await undo(ada, 2)).json()["conflicts"] == [
        {"field": "title", "current": "B", "given": "A", "seq": 6}
    ]


@pytest.mark.spec("UNDO-003")
@pytest.mark.parametrize(
    ("kind", "name"), [("task", "parent_id"), ("category", "category_id"), ("tag", "tag_ids")]
)
async def test_a_creation_that_living_tasks_build_upon_is_not_undone(
    ada: Person, kind: str, name: str
) -> None:
    thing = await made(ada, kind)
    await ada.create_task(**{name: [thing["id"]] if kind == "tag" else thing["id"]})
    after = await last(ada)
    assert (problem_of(await undo(ada, 1)), await last(ada)) == ((409, "CONFLICT"), after)
    await undone(ada, after)
    await undone(ada, 1)


@pytest.mark.spec("UNDO-003")
async def test_a_restoration_is_not_undone_while_subtasks_live(ada: Person) -> None:
    task = await ada.create_task()
    await ada.create_task(parent_id=task["id"])
    await sent(ada, "DELETE", f"/api/tasks/{task['id']}")
    after = await sent(ada, "POST", f"/api/trash/{task['id']}/restore")
    assert (problem_of(await undo(ada, after - 1)), await last(ada)) == ((409, "CONFLICT"), after)


@pytest.mark.spec("UNDO-005")
async def test_changes_are_undone_one_by_one_back_to_nothing(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    await sent(ada, "PATCH", path, title="Pay more")
    await sent(ada, "PATCH", path, title="Pay less")
    assert problem_of(await undo(ada, 1)) == (409, "EDIT_CONFLICT")
    for seq in (3, 2, 1):
        await undone(ada, seq)
    assert await read(ada, path) is None


@pytest.mark.spec("UNDO-005")
async def test_a_creation_tells_what_was_written_since(ada: Person) -> None:
    task = await ada.create_task()
    await sent(ada, "PATCH", f"/api/tasks/{task['id']}", description="by transfer")
    response = await undo(ada, 1)
    assert response.json()["conflicts"] == [
        {"field": "description", "current": "by transfer", "given": None, "seq": 2}
    ]


@pytest.mark.spec("UNDO-004")
@pytest.mark.parametrize("kind", ["category", "tag"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_name_that_is_taken_meanwhile_is_told(ada: Person, kind: str, method: str) -> None:
    path = f"{KINDS[kind][0]}/{(await made(ada, kind))['id']}"
    seq = await sent(ada, method, path, **(KINDS[kind][2] if method == "PATCH" else {}))
    await made(ada, kind)
    assert problem_of(await undo(ada, seq)) == (409, "NAME_TAKEN")


@pytest.mark.spec("UNDO-006")
async def test_what_is_in_the_trash_stays_as_it_is(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    seq = await sent(ada, "PATCH", path, title="Pay more")
    await sent(ada, "DELETE", path)
    refusals = [await undo(ada, number) for number in (1, seq)]
    assert [problem_of(refusal) for refusal in refusals] == [(409, "CONFLICT")] * 2
    assert await last(ada) == 3


@pytest.mark.spec("UNDO-006")
@pytest.mark.parametrize(
    ("kind", "name"), [("task", "parent_id"), ("category", "category_id"), ("tag", "tag_ids")]
)
async def test_a_task_does_not_go_back_to_what_is_gone(ada: Person, kind: str, name: str) -> None:
    thing = await made(ada, kind)
    task = await ada.create_task(**{name: [thing["id"]] if kind == "tag" else thing["id"]})
    seq = await sent(ada, "PATCH", f"/api/tasks/{task['id']}", **{name: [] if kind == "tag" else None})
    after = await sent(ada, "DELETE", f"{KINDS[kind][0]}/{thing['id']}")
    assert problem_of(await undo(ada, seq)) == (409, "CONFLICT")
    assert await last(ada) == after


@pytest.mark.spec("UNDO-006")
async def test_a_task_does_not_go_back_below_itself(ada: Person) -> None:
    parent = await ada.create_task()
    child = await ada.create_task(parent_id=parent["id"])
    seq = await sent(ada, "PATCH", f"/api/tasks/{child['id']}", parent_id=None)
    await sent(ada, "PATCH", f"/api/tasks/{parent['id']}", parent_id=child["id"])
    assert problem_of(await undo(ada, seq)) == (409, "CONFLICT")


@pytest.mark.spec("UNDO-006")
async def test_a_task_does_not_go_back_to_a_zone_that_is_no_more(
    ada: Person, connection: asyncpg.Connection
) -> None:
    path = f"/api/tasks/{(await ada.create_task(due=DUE))['id']}"
    seq = await sent(ada, "PATCH", path, due=None)
    await fetch(
        connection,
        """update agendum.change set before = jsonb_set(before, '{due,timezone}', '"Mars/Base"') where seq = 2""",
    )
    assert problem_of(await undo(ada, seq)) == (409, "CONFLICT")


@pytest.mark.spec("UNDO-007")
async def test_what_is_purged_stays_so(ada: Person) -> None:
    task = await ada.create_task()
    await sent(ada, "DELETE", f"/api/tasks/{task['id']}")
    after = await sent(ada, "DELETE", f"/api/trash/{task['id']}")
    refusals = [await undo(ada, seq) for seq in range(1, after + 1)]
    assert [problem_of(refusal) for refusal in refusals] == [(409, "CONFLICT")] * 3
    assert await last(ada) == after


@pytest.mark.spec("UNDO-008")
async def test_a_number_of_somebody_else_is_like_one_of_nobody(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    for _ in range(2):
        await ada.create_task()
    await bob.create_task()
    before = await world_of(connection, ada.user_id)
    foreign, missing = await undo(bob, 2), await undo(bob, 2**63 - 1)
    assert (problem_of(foreign), problem_of(missing)) == ((404, "NOT_FOUND"), (404, "NOT_FOUND"))
    assert foreign.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert (await undo(bob, 1)).status_code == 200
    assert await world_of(connection, ada.user_id) == before


@pytest.mark.spec("UNDO-008")
@pytest.mark.parametrize(
    "seq", [0, -1, 2**63, "9" * 5000, "one", "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f", "1.5"]
)
async def test_what_is_no_number_of_a_change_is_refused(ada: Person, seq: object) -> None:
    response = await undo(ada, seq)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "seq")
