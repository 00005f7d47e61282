"""Personal tokens as their person makes, finds, renames and revokes them."""

import hashlib
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from dirty_equals import IsDatetime, IsStr
from fastapi import FastAPI
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.domain.callers import Caller, Credential, Scope
from tests.api.personal import PATH, make_token
from tests.api.rows import fetch
from tests.api.undoing import problem_of, undo
from tests.people import Person, open_client
from tests.world import world_of

NEW = {"name": "Backup", "scopes": ["tasks:read"]}


def from_now(**ahead: float) -> str:
    """Return a moment so far ahead, as an address or a body says it."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.mark.spec("TOKEN-001", "TOKEN-002")
async def test_a_token_is_made_and_shown_once(ada: Person) -> None:
    response = await ada.client.post(PATH, json=NEW)
    made = response.json()
    assert (response.status_code, response.headers["ETag"]) == (201, '"1"')
    assert made == NEW | {
        "id": IsStr,
        "token": IsStr(regex="agp_[0-9A-Za-z]{49}"),
        "expires_at": IsDatetime(approx=datetime.now(UTC) + timedelta(days=90), delta=120, iso_string=True),
        **dict.fromkeys(("created_at", "updated_at"), made["created_at"]),
        "deleted_at": None,
        "version": 1,
    }
    del made["token"]
    assert (await ada.client.get(response.headers["Location"])).json() == made


@pytest.mark.spec("TOKEN-001", "TOKEN-003")
async def test_nothing_but_the_creation_has_the_token_or_its_digest(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    with capture_logs() as logs:
        keyed = {"Idempotency-Key": str(uuid7())}
        made = (await ada.client.post(PATH, json=NEW, headers=keyed)).json()
        path = f"{PATH}/{made['id']}"
        async with open_client(app, {"Authorization": f"Bearer {made['token']}"}) as client:
            used = [await client.get(address) for address in ("/api/tasks", "/api/me", "/nowhere", PATH)]
        answers = [
            *used,
            await ada.client.post(PATH, json=NEW, headers=keyed),
            await ada.client.post(PATH, json=NEW | {"id": made["id"]}),
            await ada.client.get(PATH),
            await ada.client.get(path),
            await ada.client.patch(path, json={"name": "Other"}),
            await ada.client.post(PATH, json={"name": made["token"], "scopes": []}),
            await ada.client.delete(path),
            await ada.client.get("/api/changes"),
        ]
    secrets = [made["token"], made["token"][4:], hashlib.sha256(made["token"].encode()).hexdigest()]
    told = "".join(f"{answer.text}{answer.headers}" for answer in answers) + str(logs)
    assert [secret for secret in secrets if secret in told] == []
    world = await world_of(connection, ada.user_id)
    rows = "".join(row for table in world for row in world[table])
    assert secrets[2] in "".join(world["personal_token"]), "the digest is there, and nowhere else"
    assert rows.count(secrets[2]) == 1
    assert made["token"] not in rows
    assert made["token"].encode().hex() not in rows


@pytest.mark.spec("TOKEN-002")
@pytest.mark.parametrize(
    "scopes",
    [
        [],
        None,
        "tasks:read",
        ["tasks"],
        ["tasks:Write"],
        ["TASKS:WRITE"],
        ["tasks:write "],
        [" tasks:write"],
        ["tasks:write\n"],
        ["tasks:write tasks:read"],
        ["tasks:read", "tasks:read"],
        ["tasks:*"],
        ["*"],
        [""],
        [None],
        [["tasks:read"]],
        [1],
        ["account:admin"],
        ["tasks:read"] * 50_000,
        ["x"] * 50_000,
    ],
)
async def test_scopes_that_are_almost_right_are_refused(ada: Person, scopes: object) -> None:
    response = await ada.client.post(PATH, json={"name": "Backup", "scopes": scopes})
    assert response.status_code == 422
    assert {error["field"].split(".")[0] for error in response.json()["errors"]} == {"scopes"}
    assert "admin" not in response.text
    assert len(response.content) < 2000
    assert await ada.changes() == []


@pytest.mark.spec("TOKEN-002")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "two\nlines"),
        ("name", "x" * 201),
        ("name", None),
        ("expires_at", "tomorrow"),
        ("expires_at", "2030-01-01"),
        ("expires_at", 1_900_000_000),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "9999-12-31T23:59:59Z"),
        ("token", "agp_mine"),
        ("digest", "00"),
        ("user_id", "somebody"),
        ("version", 2),
        ("created_at", "2026-01-01T00:00:00Z"),
        ("deleted_at", None),
        ("last_used_at", None),
        ("roles", ["admin"]),
        ("id", "mine"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named(ada: Person, field: str, value: object) -> None:
    response = await ada.client.post(PATH, json=NEW | {field: value})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])
    assert await ada.changes() == []


@pytest.mark.spec("TOKEN-002")
@pytest.mark.parametrize("ahead", [{"seconds": -1}, {"days": 366, "hours": 1}])
async def test_a_token_expires_in_time_to_come_and_within_a_year(ada: Person, ahead: dict[str, int]) -> None:
    response = await ada.client.post(PATH, json=NEW | {"expires_at": from_now(**ahead)})
    assert problem_of(response) == (422, "VALIDATION_ERROR")
    assert [error["field"] for error in response.json()["errors"]] == ["expires_at"]


@pytest.mark.spec("TOKEN-002")
async def test_scopes_are_a_set_and_a_moment_is_kept_as_it_was_given(ada: Person) -> None:
    made = await make_token(
        ada, scopes=["account:write", "tasks:read"], expires_at=(moment := from_now(days=365))
    )
    assert made["scopes"] == ["tasks:read", "account:write"]
    assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(moment)


@pytest.mark.spec("TOKEN-004")
async def test_a_token_allows_no_more_than_the_credential_of_its_maker(app: FastAPI, ada: Person) -> None:
    runtime, token = app.state.runtime, "a token that allows less"
    caller = Caller(ada.user_id, Credential.ISSUER_TOKEN, frozenset({Scope.ACCOUNT_WRITE, Scope.TASKS_READ}))
    runtime.callers.keep(hashlib.sha256(token.encode()).digest(), caller, seconds=60)
    async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
        refused = await client.post(PATH, json=NEW | {"scopes": ["tasks:read", "tasks:write"]})
        assert (await client.post(PATH, json=NEW)).status_code == 201
    assert problem_of(refused) == (403, "SCOPE_MISSING")
    assert refused.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="tasks:write"'


@pytest.mark.spec("TOKEN-005")
async def test_a_token_manages_no_token_but_itself(app: FastAPI, ada: Person) -> None:
    other, own = await make_token(ada), await make_token(ada, scopes=[*Scope])
    creation = len(await ada.changes()) - 1
    async with open_client(app, {"Authorization": f"Bearer {own['token']}"}) as client:
        refused = [
            await client.post(PATH, json=NEW),
            await client.patch(f"{PATH}/{other['id']}", json={"name": "Mine"}),
            await client.delete(f"{PATH}/{other['id']}"),
            await client.delete(f"{PATH}/{uuid7()}"),
            await client.post(f"/api/changes/{creation}/revert"),
        ]
        assert {problem_of(answer) for answer in refused} == {(403, "SIGN_IN_REQUIRED")}
        assert {answer.headers["WWW-Authenticate"] for answer in refused} == {
            'Bearer error="insufficient_scope"'
        }
        assert len((await client.get(PATH)).json()["items"]) == 2
        assert (await client.get(f"{PATH}/{other['id']}")).status_code == 200
        assert len(await ada.changes()) == 2
        assert (await client.patch(f"{PATH}/{own['id']}", json={"name": "Self"})).status_code == 200
        assert (await client.delete(f"{PATH}/{own['id']}")).status_code == 204
        assert (await client.get(PATH)).status_code == 401


@pytest.mark.spec("TOKEN-010")
async def test_undoing_what_was_done_to_a_token_needs_the_scope_of_the_account(
    app: FastAPI, ada: Person
) -> None:
    await make_token(ada)
    token = "a token of an issuer for tasks alone"
    caller = Caller(ada.user_id, Credential.ISSUER_TOKEN, frozenset({Scope.TASKS_READ, Scope.TASKS_WRITE}))
    app.state.runtime.callers.keep(hashlib.sha256(token.encode()).digest(), caller, seconds=60)
    async with open_client(app, {"Authorization": f"Bearer {token}"}) as client:
        refused = await client.post("/api/changes/1/revert")
    assert (problem_of(refused), len(await ada.changes())) == ((403, "SCOPE_MISSING"), 1)


@pytest.mark.spec("TOKEN-006")
@pytest.mark.parametrize("days", [None, 3])
async def test_a_creation_that_is_sent_again_makes_nothing_and_shows_nothing(
    ada: Person, days: int | None
) -> None:
    body = NEW | {"id": str(uuid7()), "scopes": ["tasks:write", "tasks:read"]}
    body |= {} if days is None else {"expires_at": from_now(days=days)}
    first, second = [await ada.client.post(PATH, json=body) for _ in range(2)]
    assert second.status_code == first.status_code == 201
    assert second.json() == first.json() | {"token": None}
    for other in ({"name": "Other"}, {"scopes": ["account:read"]}, {"expires_at": from_now(days=4)}):
        assert problem_of(await ada.client.post(PATH, json=body | other)) == (409, "ID_TAKEN")
    assert len(await ada.changes()) == 1


@pytest.mark.spec("TOKEN-006")
async def test_a_key_brings_the_answer_again_without_the_token_and_the_token_goes_on(
    app: FastAPI, ada: Person
) -> None:
    keyed = {"Idempotency-Key": str(uuid7())}
    first, second = [await ada.client.post(PATH, json=NEW, headers=keyed) for _ in range(2)]
    assert second.json() == first.json() | {"token": None}
    assert [second.headers[name] for name in ("Idempotency-Replayed", "ETag", "Location")] == [
        "true",
        *(first.headers[name] for name in ("ETag", "Location")),
    ]
    async with open_client(app, {"Authorization": f"Bearer {first.json()['token']}"}) as client:
        assert (await client.get("/api/tasks")).status_code == 200


@pytest.mark.spec("TOKEN-007")
async def test_the_list_shows_what_is_not_revoked_narrowed_and_sorted(ada: Person, bob: Person) -> None:
    made = [await make_token(ada, name=name) for name in ("Night", "attic", "Noon", "Gone")]
    await make_token(bob, name="Bob's")
    assert (await ada.client.delete(f"{PATH}/{made[3]['id']}")).status_code == 204

    async def names(query: str) -> list[str]:
        return [item["name"] for item in (await ada.client.get(f"{PATH}{query}")).json()["items"]]

    assert sorted(await names("")) == ["Night", "Noon", "attic"]
    assert sorted(await names("?name=N")) == ["Night", "Noon"]
    assert await names("?sort=-created_at") == ["Noon", "attic", "Night"]
    assert await names("?sort=created_at&offset=1&limit=1") == ["attic"]
    page = (await ada.client.get(f"{PATH}?sort=created_at&limit=2")).json()
    assert (page["total"], page["has_more"]) == (3, True)
    assert await names(f"?sort=created_at&cursor={page['next_cursor']}") == ["Noon"]
    assert (await ada.client.get(f"{PATH}?sort=digest")).status_code == 422


@pytest.mark.spec("TOKEN-008")
async def test_a_token_is_renamed_and_nothing_else_of_it_is_changed(ada: Person) -> None:
    made = await make_token(ada)
    path = f"{PATH}/{made['id']}"
    renamed = await ada.client.patch(path, json={"name": "Other"}, headers={"If-Match": '"1"'})
    assert (renamed.status_code, renamed.json()["name"], renamed.headers["ETag"]) == (200, "Other", '"2"')
    assert (await ada.client.patch(path, json={"name": "Other"})).json() == renamed.json()
    assert (await ada.client.patch(path, json={})).json() == renamed.json()
    for field in ("scopes", "expires_at", "token", "last_used_at", "user_id"):
        refused = await ada.client.patch(path, json={field: made.get(field)})
        assert [error["field"] for error in refused.json()["errors"]] == [field]
    stale = await ada.client.patch(path, json={"name": "Late"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, len(await ada.changes())) == (412, 2)


@pytest.mark.spec("TOKEN-009")
async def test_what_is_revoked_stays_so(ada: Person) -> None:
    made = await make_token(ada)
    path = f"{PATH}/{made['id']}"
    await ada.client.patch(path, json={"name": "Other"})
    assert (await ada.client.delete(path)).status_code == 204
    for seq in (1, 2, 3):
        refused = await undo(ada, seq)
        assert problem_of(refused) == (409, "CONFLICT")
        assert refused.json()["detail"] == "The personal token is revoked, and stays so; make another one."
    others = [
        await ada.client.get(path),
        await ada.client.delete(path),
        await ada.client.patch(path, json={}),
    ]
    others.append(await ada.client.post(f"/api/trash/{made['id']}/restore"))
    assert {answer.status_code for answer in others} == {404}
    assert (await ada.client.get("/api/trash")).json()["items"] == []
    again = await ada.client.post(PATH, json=NEW | {"id": made["id"]})
    assert (again.status_code, again.json()["token"], again.json()["deleted_at"]) == (201, None, IsStr)
    assert len(await ada.changes()) == 3


@pytest.mark.spec("TOKEN-009")
async def test_undoing_a_creation_revokes(app: FastAPI, ada: Person) -> None:
    made = await make_token(ada)
    async with open_client(app, {"Authorization": f"Bearer {made['token']}"}) as client:
        assert (await client.get("/api/tasks")).status_code == 200
        assert (await undo(ada, 1)).status_code == 200
        assert (await client.get("/api/tasks")).status_code == 401
    assert problem_of(await undo(ada, 2)) == (409, "CONFLICT")


@pytest.mark.spec("TOKEN-010")
async def test_the_change_sequence_tells_of_tokens_without_their_secrets(ada: Person) -> None:
    made = await make_token(ada)
    path = f"{PATH}/{made['id']}"
    await ada.client.patch(path, json={"name": "Other"})
    await ada.client.delete(path)
    created, renamed, revoked = await ada.changes()
    told = {name: made[name] for name in ("name", "scopes", "expires_at", "created_at", "deleted_at")}
    assert (created["entity"], created["action"], created["after"]) == ("personal_token", "created", told)
    assert (renamed["before"], renamed["after"]) == ({"name": "Backup"}, {"name": "Other"})
    assert (revoked["action"], revoked["after"].keys()) == ("deleted", {"deleted_at"})


@pytest.mark.spec("TOKEN-003")
@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("agendum_app", "SELECT digest FROM agendum.personal_token"),
        ("agendum_app", "SELECT FROM agendum.personal_token WHERE digest = ''"),
        ("agendum_app", "UPDATE agendum.personal_token SET digest = ''"),
        ("agendum_app", "UPDATE agendum.personal_token SET scopes = '{}'"),
        ("agendum_app", "UPDATE agendum.personal_token SET expires_at = NULL"),
        ("agendum_app", "UPDATE agendum.personal_token SET last_used_at = NULL"),
        ("agendum_identity", "SELECT name FROM agendum.personal_token"),
        ("agendum_identity", "UPDATE agendum.personal_token SET deleted_at = NULL"),
        ("agendum_identity", "DELETE FROM agendum.personal_token"),
        ("agendum_worker", "SELECT scopes FROM agendum.personal_token"),
        ("agendum_search", "SELECT id FROM agendum.personal_token"),
    ],
)
async def test_no_role_may_do_more_to_tokens_than_its_work_takes(
    connection: asyncpg.Connection, role: str, statement: str
) -> None:
    await connection.execute(f"SET LOCAL role {role}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)


@pytest.mark.spec("TOKEN-003")
async def test_the_runtime_role_deletes_the_tokens_of_its_owner_alone(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await make_token(ada)
    await make_token(bob)
    await connection.execute("SET LOCAL role agendum_app")
    await connection.execute("SELECT set_config('app.user_id', $1, true)", ada.user_id)
    assert await connection.execute("DELETE FROM agendum.personal_token") == "DELETE 1"
    left = await fetch(connection, "SELECT user_id FROM agendum.personal_token")
    assert [row["user_id"] for row in left] == [bob.user_id]
