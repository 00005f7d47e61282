"""Which passwords may be chosen, and changing one's own."""

import asyncio
import unicodedata

import asyncpg
import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.config import Settings
from tests.api.rows import fetch
from tests.api.signing import log_in, refresh, status_of, tokens_of
from tests.api.test_accounts import ADA, LOGIN
from tests.api.tokens import ELSEWHERE, serving, shared
from tests.people import PASSWORD, Person, open_client

NEW = "quite another long password"
# What anybody may choose: long enough, and no rule of composition.
GOOD = [
    "zebra lamp onion fog",
    "Grüße aus Köln 1989",
    "k3vq-0xhd-92mz",
    "ตัวอักษรไทยยาวมาก",
    "a" * 11 + "bcdefgh" * 16,
]
REFUSED = {
    "too short": "elevenchars",
    "too long": "xyz" * 43,
    "short once it is normal": "e\u0301" * 11,
    "common": "qwerty123456",
    "common in capitals": "QWERTY123456",
    "one character": "a" * 12,
    "two characters": "abbabaabbaab",
    "over and over": "w7x!" * 4,
    "a sequence": "123456789012",
    "another": "zyxwvutsrqponm",
    "in other digits": "".join(map(chr, range(0xFF11, 0xFF1A))) + "\uff10\uff11\uff12",
}


async def choose(client: httpx2.AsyncClient, password: str, **more: str) -> httpx2.Response:
    return await client.post("/auth/register", json=ADA | {"password": password} | more)


@pytest.mark.spec("USER-020")
@pytest.mark.parametrize("password", GOOD)
async def test_any_long_password_may_be_chosen_and_logs_in(client: httpx2.AsyncClient, password: str) -> None:
    """S18."""
    assert (await choose(client, password)).status_code == 201
    assert (await client.post("/auth/login", json=LOGIN | {"password": password})).status_code == 200


@pytest.mark.spec("USER-020", "USER-021", "USER-022")
@pytest.mark.parametrize("why", REFUSED)
async def test_a_password_that_is_tried_first_is_refused(client: httpx2.AsyncClient, why: str) -> None:
    """S18, S19."""
    answer = await choose(client, REFUSED[why])
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, ["password"])
    assert REFUSED[why] not in answer.text


@pytest.mark.spec("USER-022")
@pytest.mark.parametrize(
    "password", ["ada.lovelace@example.com", "ADA.Lovelace", "augusta ada king", "AugustaAdaKing"]
)
async def test_a_password_is_not_what_its_person_is_called(client: httpx2.AsyncClient, password: str) -> None:
    answer = await choose(client, password, email="ada.lovelace@example.com", name="Augusta Ada King")
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "password: must not be your e-mail address or name",
    )


@pytest.mark.spec("USER-023")
async def test_a_password_is_the_same_from_every_keyboard(client: httpx2.AsyncClient) -> None:
    typed = "Ça coûte 100 ﬂorins"
    await choose(client, typed)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        body = LOGIN | {"password": unicodedata.normalize(form, typed)}
        assert (await client.post("/auth/login", json=body)).status_code == 200


@pytest.mark.spec("USER-020", "USER-023")
@pytest.mark.parametrize("password", ["8letters", "e\u0301" * 8, "x" * 256])
async def test_a_password_of_an_earlier_release_still_logs_in(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection, password: str
) -> None:
    encoded = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)
    await fetch(connection, "update agendum.password set password_hash = $1", encoded)
    assert (await log_in(client, ada, password=password)).status_code == 200
    assert (await log_in(client, ada, password=f"{password[:-1]}?")).status_code == 401


def change(old: str = PASSWORD, new: str = NEW, **more: object) -> dict[str, object]:
    return {"old_password": old, "new_password": new} | more


@pytest.mark.spec("USER-024", "USER-025")
async def test_changing_a_password_ends_the_other_sessions_and_not_this_one(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    """S23."""
    mine, other = await tokens_of(client, ada), await tokens_of(client, ada)
    assert await status_of(client, other) == 200
    headers = {"Authorization": f"Bearer {mine['access_token']}"}
    assert (await client.post("/auth/password", json=change(), headers=headers)).status_code == 204
    assert [await status_of(client, tokens) for tokens in (mine, other)] == [200, 401]
    assert [(await refresh(client, tokens)).status_code for tokens in (mine, other)] == [200, 401]
    assert [(await log_in(client, ada, password=word)).status_code for word in (PASSWORD, NEW)] == [401, 200]


@pytest.mark.spec("USER-024")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (change(old="not the password"), 401),
        (change(new="elevenchars"), 422),
        (change(new="qwerty123456"), 422),
        (change(new="x" * 129), 422),
        (change(old=""), 422),
        (change(user_id="somebody"), 422),
        ({"new_password": NEW}, 422),
    ],
)
async def test_a_change_that_is_refused_changes_nothing(
    client: httpx2.AsyncClient, ada: Person, *, body: dict[str, object], status: int
) -> None:
    other = await tokens_of(client, ada)
    assert (await ada.client.post("/auth/password", json=body)).status_code == status
    assert await status_of(client, other) == 200
    assert (await log_in(client, ada)).status_code == 200


@pytest.mark.spec("USER-024")
async def test_of_changes_at_once_one_succeeds(own_app: FastAPI, own_ada: Person) -> None:
    words = [f"quite another long password {number}" for number in range(4)]
    answers = await asyncio.gather(
        *(own_ada.client.post("/auth/password", json=change(new=word)) for word in words)
    )
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401]
    async with open_client(own_app) as client:
        logins = [(await log_in(client, own_ada, password=word)).status_code for word in words]
    assert logins == [200 if answer.status_code == 204 else 401 for answer in answers]


@pytest.mark.spec("USER-024")
async def test_somebody_without_a_password_with_us_has_none_to_change(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    elsewhere = settings.model_copy(update={"shared_secret_issuer": ELSEWHERE})
    async with serving(elsewhere, connection) as client:
        headers = {"Authorization": f"Bearer {shared()}"}
        answer = await client.post("/auth/password", json=change(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
