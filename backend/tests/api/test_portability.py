"""Everything of a person out of one account and into another, and what stays as it is there."""

import asyncpg
import pytest
from fastapi import FastAPI

from app.domain.callers import Scope
from tests.api.portable import LATER, LONG_AGO, SECTIONS, alike, brought, counts, exported, live, made, sample
from tests.api.rows import fetch
from tests.guards.scopes import EVERY_SCOPE, limited
from tests.people import Person
from tests.world import world_of


@pytest.mark.spec("PORT-001", "PORT-012", "PORT-015", "PORT-016")
async def test_what_is_taken_out_of_one_account_is_brought_into_another_as_it_was(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await live(ada)
    document, before = await exported(ada), await world_of(connection, ada.user_id)
    assert [len(document[section]) for section in SECTIONS] == [1, 3, 3, 2, 1]
    response = await brought(bob, document)
    assert response.status_code == 200, response.text
    assert counts(response.json()) == {"created": 10, "equal": 0, "left": 0, "merged": 0, "purged": 0}
    assert (response.json()["profile"], response.json()["noted"]) == ("taken", [])
    assert alike(await exported(bob)) == alike(document)
    changes = await bob.changes()
    assert [change["seq"] for change in changes] == [*range(1, 12)]
    assert {change["action"] for change in changes} == {"created", "updated"}
    assert await world_of(connection, ada.user_id) == before


@pytest.mark.spec("PORT-012")
async def test_bringing_in_the_same_again_changes_nothing(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await live(ada)
    document = await exported(ada)
    await brought(bob, document)
    for person in (ada, bob):
        before = await world_of(connection, person.user_id)
        again = await brought(person, document)
        assert (counts(again.json())["equal"], again.json()["profile"]) == (10, "equal")
        assert await world_of(connection, person.user_id) == before


@pytest.mark.spec("PORT-015")
async def test_history_keeps_its_moments_and_the_change_has_that_of_the_import(
    ada: Person, bob: Person
) -> None:
    await live(ada)
    document = await exported(ada)
    moments = {"created_at": LONG_AGO, "updated_at": LATER}
    for section in SECTIONS:
        document[section] = [thing | moments for thing in document[section]]
    document["tasks"] = [task | {"completed_at": LATER} for task in document["tasks"]]
    assert (await brought(bob, document)).status_code == 200
    assert alike(await exported(bob)) == alike(document)
    created = [change for change in await bob.changes() if change["action"] == "created"]
    assert {(change["after"]["created_at"], change["version"]) for change in created} == {(LONG_AGO, 1)}
    assert all(change["occurred_at"] > "2026" for change in created)
    task = (await bob.client.get("/api/tasks", params={"status": "completed"})).json()["items"][0]
    later = LATER.replace("Z", ".000000Z")
    assert (task["completed_at"], task["created_at"], task["updated_at"]) == (later, LONG_AGO, later)


@pytest.mark.spec("PORT-018")
async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await live(ada)
    document, before = await exported(ada), await world_of(connection, bob.user_id)
    told = (await brought(bob, document, dry_run=True)).json()
    assert await world_of(connection, bob.user_id) == before
    done = (await brought(bob, document)).json()
    assert told == done | {"dry_run": True}


@pytest.mark.spec("PORT-012", "PORT-014")
async def test_what_was_changed_here_stays_and_what_was_purged_here_does_not_come_back(ada: Person) -> None:
    task = await live(ada)
    document = await exported(ada)
    await ada.client.patch(f"/api/tasks/{task['id']}", json={"title": "Changed since"})
    await ada.client.delete(f"/api/tasks/{task['parent_id']}")
    await ada.client.delete("/api/trash")
    answer = (await brought(ada, document)).json()
    assert (counts(answer)["purged"], counts(answer)["equal"]) == (5, 5)
    assert {noted["outcome"] for noted in answer["noted"]} == {"purged"}
    assert (await ada.client.get("/api/tasks")).json()["items"] == []
    document["tasks"][1]["id"] = "00000000-0000-4000-8000-000000000001"
    document["tasks"][1] |= {"parent_id": task["parent_id"], "deleted_at": None}
    answer = (await brought(ada, document | {"comments": []})).json()
    (new,) = [noted for noted in answer["noted"] if noted["outcome"] == "created"]
    assert (new["pointer"], new["dropped"]) == ("/tasks/1", ["parent_id"])


@pytest.mark.spec("PORT-012")
async def test_what_differs_is_left_and_named(ada: Person, bob: Person) -> None:
    task = await live(ada)
    await brought(bob, await exported(ada))
    await bob.client.patch(f"/api/tasks/{task['id']}", json={"title": "Bob's own"})
    answer = (await brought(bob, await exported(ada))).json()
    (noted,) = answer["noted"]
    assert (noted["id"], noted["outcome"], answer["tasks"]["left"], answer["noted_in_all"]) == (
        task["id"],
        "left",
        1,
        1,
    )
    assert (await bob.client.get(f"/api/tasks/{task['id']}")).json()["title"] == "Bob's own"


@pytest.mark.spec("PORT-013")
async def test_a_thing_of_a_name_that_is_there_is_taken_for_that(ada: Person, bob: Person) -> None:
    task = await live(ada)
    home = await made(bob, "/api/categories", name="Home")
    errand = await made(bob, "/api/tags", name="ERRAND")
    await made(bob, "/api/filters", name="Soon", query={})
    answer = (await brought(bob, await exported(ada))).json()
    assert counts(answer) == {"created": 7, "equal": 0, "left": 0, "merged": 3, "purged": 0}
    brought_in = (await bob.client.get(f"/api/tasks/{task['id']}")).json()
    parent = (await bob.client.get(f"/api/tasks/{task['parent_id']}")).json()
    assert (parent["category_id"], errand["id"] in brought_in["tag_ids"]) == (home["id"], True)
    assert [tag["name"] for tag in (await bob.client.get("/api/tags")).json()["items"]] == [
        "ERRAND",
        "Später",
    ]


@pytest.mark.spec("PORT-016")
async def test_a_profile_that_its_person_has_changed_stays(ada: Person, bob: Person) -> None:
    await live(ada)
    await bob.client.patch("/api/me", json={"language": "fr"})
    answer = (await brought(bob, await exported(ada))).json()
    me = (await bob.client.get("/api/me")).json()
    assert (answer["profile"], me["language"], me["time_zone"]) == ("left", "fr", None)


@pytest.mark.spec("PORT-002")
async def test_taking_out_and_bringing_in_need_both_scopes(app: FastAPI, ada: Person) -> None:
    document = await exported(ada)
    for missing in (Scope.ACCOUNT_READ, Scope.ACCOUNT_WRITE, Scope.TASKS_READ, Scope.TASKS_WRITE):
        async with limited(app, ada, EVERY_SCOPE - {missing}) as caller:
            answers = [await caller.client.get("/api/me/export"), await brought(caller, document)]
        refused = answers[0] if missing.endswith("read") else answers[1]
        assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")
        assert f'scope="{missing}"' in refused.headers["WWW-Authenticate"]
        assert sorted(answer.status_code for answer in answers) == [200, 403]


@pytest.mark.spec("PORT-001", "PORT-004")
async def test_an_export_is_a_file_that_is_the_same_each_time(ada: Person, bob: Person) -> None:
    await live(ada)
    responses = [await ada.client.get("/api/me/export") for _ in range(2)]
    bodies = [response.content.split(b'"profile"')[1] for response in responses]
    assert bodies[0] == bodies[1]
    assert int(responses[0].headers["Content-Length"]) == len(responses[0].content)
    assert responses[0].headers["Content-Disposition"].startswith('attachment; filename="agendum-20')
    assert bob.user_id not in responses[0].text
    secrets = {"password", "hash", "token", "version", "search", "own_fields"}
    assert not secrets & {name for task in responses[0].json()["tasks"] for name in task}


@pytest.mark.spec("PORT-011", "ISO-008")
@pytest.mark.parametrize("field", ["category_id", "parent_id", "tag_ids", "task_id"])
async def test_an_id_of_somebody_else_is_refused_as_one_that_is_not_there(
    ada: Person, bob: Person, connection: asyncpg.Connection, field: str
) -> None:
    task = await live(ada)
    foreign = {"category_id": (await exported(ada))["categories"][0]["id"], "tag_ids": task["tag_ids"][:1]}
    answers, section = [], "comments" if field == "task_id" else "tasks"
    for value in (foreign.get(field, task["id"]), "00000000-0000-4000-8000-000000000009"):
        document = sample()
        thing = document[section][0] | ({"category_id": None, "tag_ids": []} if section == "tasks" else {})
        given = [value] if field == "tag_ids" and isinstance(value, str) else value
        kept = {name: [] for name in SECTIONS} | {section: [thing | {field: given}]}
        before = await world_of(connection, bob.user_id)
        answers.append(await brought(bob, document | kept))
        assert await world_of(connection, bob.user_id) == before
    told = [{**answer.json(), "request_id": None} for answer in answers]
    assert told[0] == told[1]
    assert (told[0]["status"], told[0]["errors"][0]["field"]) == (422, f"/{section}/0/{field}")


@pytest.mark.spec("PORT-012", "ISO-005")
async def test_ids_that_are_somebody_elses_are_free(ada: Person, bob: Person) -> None:
    await live(ada)
    await brought(bob, await exported(ada))
    await bob.client.delete("/api/me", headers={"If-Match": '"99"'})
    assert counts((await brought(ada, await exported(bob))).json())["equal"] == 10


@pytest.mark.spec("PORT-010", "SAFE-011")
async def test_an_import_that_is_sent_again_with_its_key_gets_its_answer_again(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await live(ada)
    document = await exported(ada)
    first, second = [await brought(bob, document, {"Idempotency-Key": "once"}) for _ in range(2)]
    assert (second.json(), second.headers["Idempotency-Replayed"]) == (first.json(), "true")
    other = await brought(bob, document | {"tasks": []}, {"Idempotency-Key": "once"})
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(await fetch(connection, "SELECT FROM agendum.task WHERE user_id = $1", bob.user_id)) == 3
