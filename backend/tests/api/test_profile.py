"""A person's own profile: what may be changed of it, on which terms, and what tokens of another issuer change."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx2
import pytest

from app.config import Settings
from tests.api.rows import fetch
from tests.api.tokens import ELSEWHERE, ask, serving, shared
from tests.people import Person

WHOLE = {"name": "Ada L.", "time_zone": "Europe/Berlin", "language": "pt-br", "week_start": "sunday"}


async def patched(person: Person, body: Any, **headers: str) -> httpx2.Response:
    return await person.client.patch("/api/me", json=body, headers=headers)


@pytest.mark.spec("USER-050", "USER-051", "USER-052")
async def test_a_profile_is_changed_field_by_field_and_cleared_by_null(ada: Person, bob: Person) -> None:
    before = (await bob.client.get("/api/me")).json()
    response = await patched(ada, WHOLE)
    assert response.status_code == 200, response.text
    me = (await ada.client.get("/api/me")).json()
    assert me == response.json()
    assert {name: me[name] for name in WHOLE} == WHOLE | {"language": "pt-BR"}
    assert (me["version"], me["role"], me["email_verified_at"]) == (2, "user", None)
    cleared = (await patched(ada, {"time_zone": None, "language": None})).json()
    assert (cleared["time_zone"], cleared["language"], cleared["name"]) == (None, None, "Ada L.")
    assert (await bob.client.get("/api/me")).json() == before


NO_PROFILE: list[tuple[str, object]] = [
    ("language", 7),
    *(
        ("language", value)
        for value in ("", "d", "de_AT", "de-", "x" * 36, "de-\u0661\u0661\u0661", "en--US")
    ),
    *(("time_zone", value) for value in ("Mars/Olympus", "", "UTC+1", 1, ["UTC"])),
    *(("week_start", value) for value in ("Monday", "someday", None, 1)),
    *(("name", value) for value in ("", None, "two\nlines", "x" * 201, "\ud800", 5)),
    *(
        (field, "x")
        for field in (
            "email",
            "role",
            "disabled_at",
            "kind",
            "issuer",
            "subject",
            "user_id",
            "id",
            "version",
        )
    ),
    *((field, []) for field in ("own_fields", "email_verified_at", "created_at")),
]


@pytest.mark.spec("USER-051", "USER-052")
@pytest.mark.parametrize(("field", "value"), NO_PROFILE)
async def test_what_is_no_profile_is_refused_and_changes_nothing(
    ada: Person, connection: asyncpg.Connection, field: str, value: object
) -> None:
    before = await fetch(connection, "SELECT * FROM agendum.account WHERE user_id = $1", ada.user_id)
    body = {"name": "Changed", field: value}
    content = (
        str(body).replace("'", '"').replace("None", "null") if field == "name" and value == "\ud800" else None
    )
    response = await (
        patched(ada, body) if content is None else ada.client.patch("/api/me", content=r'{"name":"\ud800"}')
    )
    assert response.status_code in (415, 422), response.text
    assert await fetch(connection, "SELECT * FROM agendum.account WHERE user_id = $1", ada.user_id) == before


@pytest.mark.spec("USER-053")
async def test_a_profile_is_merged_as_tasks_are(ada: Person) -> None:
    await patched(ada, {"time_zone": "Europe/Berlin"})
    assert (await patched(ada, {"language": "de"}, **{"If-Match": '"1"'})).status_code == 412
    merging = {"If-Match": '"1"', "Prefer": "merge"}
    assert (await patched(ada, {"language": "de"}, **merging)).status_code == 200
    conflict = (await patched(ada, {"time_zone": "UTC"}, **merging)).json()
    assert (conflict["code"], conflict["conflicts"][0]["current"]) == ("EDIT_CONFLICT", "Europe/Berlin")


@pytest.mark.spec("USER-054", "USER-055")
async def test_a_change_of_the_profile_is_recorded_and_not_undone_by_its_number(ada: Person) -> None:
    await patched(ada, WHOLE)
    await patched(ada, WHOLE)
    (change,) = await ada.changes()
    assert (change["seq"], change["entity"], change["entity_id"]) == (1, "account", ada.user_id)
    assert change["before"] == {"name": "Ada", "time_zone": None, "language": None, "week_start": "monday"}
    assert change["after"] == WHOLE | {"language": "pt-BR"}
    refused = await ada.client.post("/api/changes/1/revert")
    assert (refused.status_code, refused.json()["code"]) == (409, "CONFLICT")


@pytest.mark.spec("USER-059")
@pytest.mark.parametrize(
    "column",
    [
        "role",
        "disabled_at",
        "kind",
        "issuer",
        "subject",
        "email",
        "email_folded",
        "deleted_at",
        "tokens_valid_from",
    ],
)
async def test_the_runtime_role_cannot_write_what_is_not_the_persons(
    ada: Person, connection: asyncpg.Connection, column: str
) -> None:
    await connection.execute(f"SET LOCAL role = agendum_app; SET LOCAL app.user_id = '{ada.user_id}'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"UPDATE agendum.account SET {column} = DEFAULT")


@pytest.mark.spec("USER-059")
async def test_the_runtime_role_writes_no_other_persons_profile(
    ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await connection.execute(f"SET LOCAL role = agendum_app; SET LOCAL app.user_id = '{ada.user_id}'")
    assert await connection.execute("UPDATE agendum.account SET name = 'Mine'") == "UPDATE 1"
    assert (await bob.client.get("/api/me")).json()["name"] == "Ada"


@pytest.fixture
async def elsewhere(settings: Settings, connection: asyncpg.Connection) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(settings.model_copy(update={"shared_secret_issuer": ELSEWHERE}), connection) as client:
        yield client


async def said(client: httpx2.AsyncClient, *, age: int = 0, **claims: Any) -> dict[str, Any]:
    """Come with a token that says this, and return the profile."""
    issued = int(datetime.now(UTC).timestamp()) - age
    response = await ask(client, shared(iat=issued + 2, **claims))
    assert response.status_code == 200, response.text
    profile: dict[str, Any] = response.json()
    return profile


@pytest.mark.spec("USER-056", "USER-057")
async def test_a_token_brings_news_until_the_person_has_changed_it_here(
    elsewhere: httpx2.AsyncClient,
) -> None:
    await said(elsewhere, name="Ada", email="ada@example.com")
    profile = await said(elsewhere, name="Ada King", email="king@example.com")
    assert (profile["name"], profile["email"], profile["version"]) == ("Ada King", "king@example.com", 2)
    headers = {"Authorization": f"Bearer {shared()}"}
    assert (await elsewhere.patch("/api/me", json={"name": "Countess"}, headers=headers)).status_code == 200
    profile = await said(elsewhere, name="Lovelace", email="lovelace@example.com")
    assert (profile["name"], profile["email"]) == ("Countess", "lovelace@example.com")
    changes = (await elsewhere.get("/api/changes", headers=headers)).json()["items"]
    assert [sorted(change["after"]) for change in changes] == [["email", "name"], ["name"], ["email"]]


@pytest.mark.spec("USER-058")
async def test_an_older_token_brings_no_news_and_neither_does_one_that_says_nothing(
    elsewhere: httpx2.AsyncClient,
) -> None:
    await said(elsewhere, name="Ada", email="ada@example.com")
    await said(elsewhere, name="Ada King")
    for claims in ({"age": 50, "name": "Ada"}, {}, {"name": 7, "email": "x" * 400}, {"name": "two\nlines"}):
        profile = await said(elsewhere, **claims)
        assert (profile["name"], profile["email"], profile["version"]) == ("Ada King", "ada@example.com", 2)


@pytest.mark.spec("USER-057")
async def test_what_a_token_says_never_changes_by_what_somebody_logs_in(
    ada: Person, connection: asyncpg.Connection, app: Any
) -> None:
    async with app.state.runtime.identity.open_own(ada.user_id) as work:
        profile = await work.profile.get()
        assert profile.email == f"{ada.user_id}@example.com"
        await work.profile._show_email("other@example.com")
    (row,) = await fetch(connection, "SELECT * FROM agendum.account WHERE user_id = $1", ada.user_id)
    assert row["email"] == row["email_folded"] == f"{ada.user_id}@example.com"
