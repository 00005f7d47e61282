"""Who is an administrator by what the token of another issuer says, and by the table."""

from typing import Any

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.config import ConfigurationError, Settings, load_settings
from app.domain.callers import Role
from tests.api.rows import fetch
from tests.api.tokens import ELSEWHERE, ask, serving, shared
from tests.conftest import SECRET
from tests.people import Person, access_token, open_client, promote

USERS = "/api/users"


def believing(settings: Settings, claim: str | None) -> Settings:
    """Return settings that believe another issuer, and a claim of its tokens."""
    return settings.model_copy(update={"shared_secret_issuer": ELSEWHERE, "role_claim": claim})


async def asked(
    settings: Settings, connection: asyncpg.Connection, *, claim: str | None, **said: Any
) -> httpx2.Response:
    """Ask for the users with a token of another issuer that says something."""
    async with serving(believing(settings, claim), connection) as client:
        return await ask(client, shared(**said), USERS)


@pytest.mark.spec("ADMIN-003")
@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("role", {"role": "admin"}),
        ("role", {"role": ["user", "admin"]}),
        ("realm_access.roles", {"realm_access": {"roles": ["admin"]}}),
        ("https://app.example/roles", {"https://app.example/roles": ["admin"]}),
        ("a.b", {"a.b": "admin", "a": {"b": "user"}}),
    ],
)
async def test_the_configured_claim_makes_an_administrator(
    settings: Settings, connection: asyncpg.Connection, claim: str, said: dict[str, Any]
) -> None:
    assert (await asked(settings, connection, claim=claim, **said)).status_code == 200


@pytest.mark.spec("ADMIN-003")
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"role": None},
        {"role": "ADMIN"},
        {"role": "Admin"},
        {"role": " admin"},
        {"role": "admin user"},
        {"role": "admin,user"},
        {"role": "administrator"},
        {"role": True},
        {"role": 1},
        {"role": {"admin": True}},
        {"role": {"role": "admin"}},
        {"role": [["admin"]]},
        {"role": [{"role": "admin"}]},
        {"role": "аdmin"},  # noqa: RUF001 (a Cyrillic letter)
        {"roles": "admin"},
        {"Role": "admin"},
        {"admin": "role"},
        {"user": {"role": "admin"}},
        {"sub": "admin"},
        {"role": []},
    ],
)
async def test_anything_else_makes_nobody_an_administrator(
    settings: Settings, connection: asyncpg.Connection, said: dict[str, Any]
) -> None:
    answer = await asked(settings, connection, claim="role", **said)
    assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_MISSING")


@pytest.mark.spec("ADMIN-003")
@pytest.mark.parametrize(
    "said",
    [{"realm_access": "roles"}, {"realm_access": ["roles"]}, {"realm_access": None}, {"roles": ["admin"]}],
)
async def test_a_way_that_leads_nowhere_makes_nobody_an_administrator(
    settings: Settings, connection: asyncpg.Connection, said: dict[str, Any]
) -> None:
    assert (await asked(settings, connection, claim="realm_access.roles", **said)).status_code == 403


@pytest.mark.spec("ADMIN-002")
async def test_without_the_setting_no_claim_counts_and_the_table_does(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    async with serving(believing(settings, None), connection) as client:
        token, other = shared(role="admin", sub="ada"), shared(sub="ada", name="Ada")
        assert (await ask(client, token, USERS)).status_code == 403
        await fetch(connection, "UPDATE agendum.account SET role = 'admin' WHERE issuer = $1", ELSEWHERE)
        assert (await ask(client, other, USERS)).status_code == 200


@pytest.mark.spec("ADMIN-003")
async def test_with_the_setting_the_table_does_not_count_for_other_issuers(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    async with serving(believing(settings, "role"), connection) as client:
        assert (await ask(client, shared(role="admin"), USERS)).json()["items"][0]["role"] == "user"
        await fetch(connection, "UPDATE agendum.account SET role = 'admin' WHERE issuer = $1", ELSEWHERE)
        assert (await ask(client, shared(role="user"), USERS)).status_code == 403


@pytest.mark.spec("ADMIN-002")
async def test_our_own_people_have_the_role_of_the_table_whatever_a_token_says(
    app: FastAPI, ada: Person, bob: Person, connection: asyncpg.Connection
) -> None:
    await promote(connection, bob)
    object.__setattr__(app.state.runtime, "role_claim", "role")
    said = [
        access_token(app.state.runtime, ada.user_id, role="admin"),
        access_token(app.state.runtime, bob.user_id),
    ]
    async with open_client(app) as client:
        assert [(await ask(client, token, USERS)).status_code for token in said] == [403, 200]
    assert (await app.state.runtime.recognise(said[1])).roles == {Role.ADMIN}


@pytest.mark.spec("ADMIN-012")
@pytest.mark.parametrize("issuer", ["agendum", "administration"])
async def test_no_token_means_administration(
    settings: Settings, connection: asyncpg.Connection, app: FastAPI, ada: Person, *, issuer: str
) -> None:
    await promote(connection, ada)
    assert (await ada.client.post(f"/api/users/{ada.user_id}/revoke-sessions")).status_code == 200
    claims = settings.model_copy(update={"shared_secret_issuer": "administration"})
    own = access_token(app.state.runtime, "administration")
    token = own if issuer == "agendum" else shared(issuer, sub="administration")
    async with serving(claims, connection) as client:
        assert (await ask(client, token)).status_code == 401


@pytest.mark.spec("ADMIN-003")
@pytest.mark.parametrize("name", [" role", "role\n", "r" * 256])
def test_a_name_that_can_be_no_claim_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AGENDUM_ROLE_CLAIM", name)
    monkeypatch.setenv("BETTER_AUTH_SECRET", SECRET)
    with pytest.raises(ConfigurationError, match="AGENDUM_ROLE_CLAIM"):
        load_settings()
