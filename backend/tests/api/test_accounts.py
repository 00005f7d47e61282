"""Registering, logging in and the profile."""

import asyncio
import json
from base64 import urlsafe_b64decode
from typing import Any

import asyncpg
import httpx2
import pytest
from argon2 import PasswordHasher
from dirty_equals import IsNow, IsStr
from fastapi import FastAPI

from tests.api.rows import count_rows, fetch
from tests.people import Person, open_client

pytestmark = pytest.mark.broad

ADA = {"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"}
LOGIN = {name: ADA[name] for name in ("email", "password")}


class CountingHasher(PasswordHasher):
    """The hasher with its usual parameters, which counts what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self.verified: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 (the library's name)
        """Count, and verify."""
        self.verified.append(str(hash))
        return super().verify(hash, password)


def opened(token: str) -> list[dict[str, Any]]:
    """Return header and claims of a token."""
    return [json.loads(urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


@pytest.mark.spec("USER-001")
async def test_registering_answers_with_the_profile(client: httpx2.AsyncClient) -> None:
    response = await client.post("/auth/register", json=ADA)
    moment = IsNow(tz="UTC", delta=5, iso_string=True)
    assert response.status_code == 201
    assert response.json() == {"id": IsStr(), "email": ADA["email"], "name": "Ada", "created_at": moment}


@pytest.mark.spec("USER-001")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", value)
        for value in (
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@gmail",
            "a b@example.com",
            "ada@example.com\0",
            5,
            None,
        )
    ]
    + [("name", value) for value in ("", " ", "x" * 201, "a\nb", "a\0b", None)]
    + [("role", "admin")],
)
async def test_a_registration_that_cannot_be_kept_is_refused(
    client: httpx2.AsyncClient, field: str, value: object
) -> None:
    response = await client.post("/auth/register", json=ADA | {field: value})
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (422, [field])


@pytest.mark.spec("USER-003", "AUTH-003")
async def test_a_password_is_kept_only_as_an_argon2id_hash(
    client: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    await client.post("/auth/register", json=ADA)
    rows = await fetch(
        connection,
        "select row_to_json(p)::text as kept from agendum.password p"
        " union all select row_to_json(a)::text from agendum.account a",
    )
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in rows[0]["kept"]
    assert not [row for row in rows if ADA["password"] in row["kept"]]


@pytest.mark.spec("USER-002")
async def test_an_email_belongs_to_one_person_in_any_letter_case(
    client: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    await client.post("/auth/register", json=ADA)
    before = await count_rows(connection)
    for email in ("ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"):
        response = await client.post("/auth/register", json=ADA | {"email": email, "name": "Other"})
        assert (response.status_code, response.json()["code"]) == (409, "EMAIL_TAKEN")
    assert await count_rows(connection) == before


@pytest.mark.spec("USER-002")
async def test_an_email_belongs_to_one_person_when_several_come_at_once(own_app: FastAPI) -> None:
    async with open_client(own_app) as client:
        bodies = [ADA | {"email": email} for email in ("ada@example.com", "ADA@example.com") * 3]
        responses = await asyncio.gather(*(client.post("/auth/register", json=body) for body in bodies))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 5


@pytest.mark.spec("USER-007")
@pytest.mark.parametrize(
    "email", ["Ada <ada@example.com>", "<ada@example.com>", '"Ada" <ada@example.com> ', "ada@example.com>"]
)
async def test_an_email_with_a_name_is_refused_and_told_why(client: httpx2.AsyncClient, email: str) -> None:
    response = await client.post("/auth/register", json=ADA | {"email": email})
    assert response.status_code == 422
    assert response.json()["detail"] == "email: must be the address alone, without a name or angle brackets"


@pytest.mark.spec("USER-008")
@pytest.mark.parametrize(
    "domain", ["app.test", "nas.local", "localhost", "app.localhost", "mail.home.arpa", "NAS.Local"]
)
async def test_an_email_of_ones_own_network_registers_and_logs_in(
    client: httpx2.AsyncClient, domain: str
) -> None:
    registered = await client.post("/auth/register", json=ADA | {"email": f"Ada@{domain}"})
    assert (registered.status_code, registered.json()["email"]) == (201, f"Ada@{domain.lower()}")
    for email in (f"Ada@{domain}", f"ada@{domain.upper()}"):
        assert (await client.post("/auth/login", json=LOGIN | {"email": email})).status_code == 200


@pytest.mark.spec("USER-009")
@pytest.mark.parametrize(
    "email", ["Ada <ada@example.com>", "<ADA@example.com>", " ada@example.com ", '"a<b" <ada@example.com>\t']
)
async def test_a_login_takes_what_registrations_once_took(client: httpx2.AsyncClient, email: str) -> None:
    await client.post("/auth/register", json=ADA)
    assert (await client.post("/auth/login", json=LOGIN | {"email": email})).status_code == 200


@pytest.mark.spec("USER-010")
async def test_a_capital_i_with_a_dot_is_no_i(client: httpx2.AsyncClient) -> None:
    for first, other in (
        ("ix@example.com", "\u0130x@example.com"),
        ("\u0130y@example.com", "iy@example.com"),
    ):
        registered = await client.post("/auth/register", json=ADA | {"email": first})
        assert (registered.status_code, registered.json()["email"]) == (201, first)
        logins = [await client.post("/auth/login", json=LOGIN | {"email": email}) for email in (first, other)]
        assert [login.status_code for login in logins] == [200, 401]


@pytest.mark.spec("USER-010", "USER-002")
async def test_an_email_is_one_however_its_letters_are_written(client: httpx2.AsyncClient) -> None:
    await client.post("/auth/register", json=ADA | {"email": "\u00e9cole@example.com"})
    for email in ("\u00c9COLE@example.com", "E\u0301cole@example.com"):
        assert (await client.post("/auth/login", json=LOGIN | {"email": email})).status_code == 200
        again = await client.post("/auth/register", json=ADA | {"email": email})
        assert (again.status_code, again.json()["code"]) == (409, "EMAIL_TAKEN")


@pytest.mark.spec("AUTH-001")
async def test_a_login_gives_a_token_that_is_the_persons(client: httpx2.AsyncClient) -> None:
    profile = (await client.post("/auth/register", json=ADA)).json()
    response = await client.post("/auth/login", json=LOGIN | {"email": "ADA@example.com"})
    assert response.json() == {
        "access_token": IsStr(),
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": IsStr(regex=r"agr_\S{100,}"),
        "refresh_expires_in": 30 * 24 * 3600,
    }
    me = await client.get("/api/me", headers={"Authorization": f"Bearer {response.json()['access_token']}"})
    assert (response.status_code, me.json() | profile) == (200, me.json())


@pytest.mark.spec("AUTH-001", "AUTH-004")
async def test_a_token_of_a_login_says_who_for_whom_and_for_how_long(client: httpx2.AsyncClient) -> None:
    profile = (await client.post("/auth/register", json=ADA)).json()
    header, claims = opened((await client.post("/auth/login", json=LOGIN)).json()["access_token"])
    assert (header["alg"], header["typ"]) == ("HS256", "at+jwt")
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp"}
    assert (claims["iss"], claims["aud"], claims["sub"], claims["exp"] - claims["iat"]) == (
        "agendum",
        "agendum",
        profile["id"],
        900,
    )


@pytest.mark.spec("AUTH-002")
async def test_a_password_too_short_to_be_chosen_can_still_be_tried(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/auth/login", json=LOGIN | {"password": "short"})
    assert (answer.status_code, answer.json()["code"]) == (401, "WRONG_CREDENTIALS")


@pytest.mark.spec("AUTH-002")
async def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(client: httpx2.AsyncClient) -> None:
    """S16."""
    await client.post("/auth/register", json=ADA)
    wrong = await client.post(
        "/auth/login", json=LOGIN | {"password": "another horse"}, headers={"X-Request-ID": "the-same-id"}
    )
    unknown = await client.post(
        "/auth/login", json=LOGIN | {"email": "eva@example.com"}, headers={"X-Request-ID": "the-same-id"}
    )
    assert (wrong.status_code, wrong.headers, wrong.text) == (
        unknown.status_code,
        unknown.headers,
        unknown.text,
    )
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"], wrong.json()["code"]) == (
        401,
        "Bearer",
        "WRONG_CREDENTIALS",
    )


@pytest.mark.spec("AUTH-002")
@pytest.mark.parametrize(
    "body", [LOGIN, LOGIN | {"password": "another horse"}, LOGIN | {"email": "eva@example.com"}]
)
async def test_every_login_costs_one_verification(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, body: dict[str, str]
) -> None:
    """S17: one verification, with the same parameters, whoever is asked for and whatever the password."""
    async with open_client(app) as client:
        await client.post("/auth/register", json=ADA)
        hasher = CountingHasher()
        monkeypatch.setattr(app.state.runtime.identity.passwords, "_hasher", hasher)
        await client.post("/auth/login", json=body)
    assert [encoded.rpartition("$")[0].rpartition("$")[0] for encoded in hasher.verified] == [
        "$argon2id$v=19$m=19456,t=2,p=1"
    ]


@pytest.mark.spec("AUTH-002")
async def test_a_person_without_a_usable_hash_cannot_log_in(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    await fetch(connection, "update agendum.password set password_hash = 'not a hash'")
    body = {"email": f"{ada.user_id}@example.com", "password": "not a hash"}
    assert (await client.post("/auth/login", json=body)).status_code == 401


@pytest.mark.spec("USER-004")
async def test_everybody_reads_their_own_profile(ada: Person, bob: Person) -> None:
    profiles = [(await person.client.get("/api/me")).json() for person in (ada, bob)]
    assert [profile["id"] for profile in profiles] == [ada.user_id, bob.user_id]
    assert profiles[0].keys() == {
        *("id", "email", "name", "created_at", "updated_at", "email_verified_at", "role", "version"),
        *("time_zone", "language", "week_start"),
    }
