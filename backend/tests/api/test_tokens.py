"""Tell who calls, by our own tokens, Better Auth's and the shared secret's, and refuse what only looks like one."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
import time_machine
from fastapi import FastAPI
from pydantic import SecretStr

from app.config import Settings
from app.domain.errors import Unauthenticated
from app.models.account import AccountRow
from app.repositories.everybody import Directory
from app.services.identity import Identity
from app.services.recognition import recognise
from app.utils.claims import Claims
from app.utils.expiring import ExpiringMemory
from app.utils.passwords import Passwords
from tests.api.rows import count_rows, fetch
from tests.api.tokens import ELSEWHERE, INVALID, MISSING, MakeClient, ask, assert_refused, serving, shared
from tests.conftest import SECRET
from tests.forgeries import HOSTILE
from tests.issuer import ALGORITHMS, FAULTS, Issuer, craft, hs256
from tests.people import Person, access_token, open_client

pytestmark = pytest.mark.broad


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def client_with(settings: Settings, connection: asyncpg.Connection) -> MakeClient:
    """Make a client of an application with more settings, over the transaction of the test."""
    return lambda **more: serving(settings.model_copy(update=more), connection)


@pytest.mark.spec("AUTH-008")
@pytest.mark.parametrize(
    ("header", "told"),
    [
        *((header, MISSING) for header in (None, "", "Bearer", "Bearer ", "Basic YTpi", "Token x", "\0")),
        *(
            (header, INVALID)
            for header in ("Bearer a b", "Bearer x" + "x" * 100_000, "bearer \u00e9", "Bearer \0")
        ),
    ],
)
async def test_a_credential_that_is_missing_or_malformed_is_refused(
    client: httpx2.AsyncClient, header: str | None, told: tuple[str, str]
) -> None:
    assert_refused(
        await client.get("/api/me", headers={} if header is None else {b"Authorization": header.encode()}),
        told=told,
    )


@pytest.mark.spec("AUTH-004")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"sub": ""},
        {"sub": None},
        {"sub": "nobody"},
        {"iat": 2**33},
        {"nbf": 2**33},
    ],
)
async def test_our_own_token_with_one_wrong_claim_is_refused(
    app: FastAPI, ada: Person, claims: dict[str, object]
) -> None:
    token = access_token(app.state.runtime, ada.user_id, **claims)
    async with open_client(app) as client:
        assert_refused(await ask(client, token))
        assert (await ask(client, access_token(app.state.runtime, ada.user_id))).status_code == 200


@pytest.mark.spec("AUTH-004", "AUTH-008")
async def test_our_own_token_of_another_type_algorithm_or_secret_is_refused(
    client: httpx2.AsyncClient, ada: Person
) -> None:
    moment = int(datetime.now(UTC).timestamp())
    who = {"iss": "agendum", "aud": "agendum", "sub": ada.user_id, "sid": ada.user_id}
    claims = {**who, "iat": moment, "exp": moment + 60}
    header = {"alg": "HS256", "typ": "at+jwt"}
    good = craft(header, claims, hs256(SECRET.encode()))
    others = [
        craft(header | {"typ": kind}, claims, hs256(SECRET.encode())) for kind in ("JWT", None, "at+jwt ")
    ]
    others += [
        craft(header | {"alg": name}, claims, hs256(SECRET.encode()))
        for name in ("HS512", "none", "EdDSA", None)
    ]
    others += [
        craft(header, claims, hs256(b"another secret")),
        craft(header, claims),
        good[:-2],
        good + "A",
        good + ".",
        "." + good,
    ]
    for token in others:
        assert_refused(await ask(client, token), token)
    assert (await ask(client, good)).json()["id"] == ada.user_id


@pytest.mark.spec("AUTH-009")
async def test_a_token_in_the_query_or_a_cookie_is_no_credential(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    token = access_token(app.state.runtime, ada.user_id)
    assert_refused(await client.get("/api/me", params={"access_token": token}), told=MISSING)
    assert_refused(
        await client.get(
            "/api/me", headers={"Cookie": f"access_token={token}; better-auth.session_token={token}"}
        ),
        told=MISSING,
    )


@pytest.mark.spec("AUTH-005", "USER-005")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_person_of_better_auth_gets_a_profile_on_first_use(
    client_with: MakeClient, issuer: Issuer, algorithm: str
) -> None:
    token = issuer.token(issuer.key_of(algorithm))
    async with client_with(better_auth_url=issuer.origin) as client:
        created = await client.post(
            "/api/tasks", json={"title": "Pay rent"}, headers={"Authorization": f"Bearer {token}"}
        )
        first, again = (
            await ask(client, token),
            await ask(client, issuer.token(issuer.key_of(algorithm), jti="another")),
        )
    assert (created.status_code, first.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["email"], first.json()["name"]) == ("ada@example.com", "Ada")


@pytest.mark.spec("AUTH-005")
async def test_better_auths_tokens_are_nothing_without_its_address(
    client: httpx2.AsyncClient, issuer: Issuer
) -> None:
    assert_refused(await ask(client, issuer.token()))
    assert issuer.requests == 0


@pytest.mark.spec("AUTH-005")
async def test_a_base_path_and_an_audience_of_its_own_are_configured(
    client_with: MakeClient, issuer: Issuer
) -> None:
    async with client_with(
        better_auth_url=f"{issuer.origin}/api/auth", better_auth_audience="tasks"
    ) as client:
        assert_refused(await ask(client, issuer.token()))
        assert (await ask(client, issuer.token(aud="tasks"))).status_code == 200


@pytest.mark.spec("AUTH-008", "AUTH-005", "AUTH-007")
async def test_hostile_tokens_are_refused_and_make_nobody(
    client_with: MakeClient, issuer: Issuer, connection: asyncpg.Connection
) -> None:
    """S7 to S13: 401 for each over HTTP, and no trace."""
    before = await count_rows(connection)
    async with client_with(better_auth_url=issuer.origin, shared_secret_issuer=ELSEWHERE) as client:
        # HTTP itself takes the line break off the end of a header.
        for name, forge in HOSTILE.items() - {("line break", HOSTILE["line break"])}:
            token = forge(issuer)
            assert_refused(await ask(client, token), name, told=INVALID if token else MISSING)
        assert_refused(await ask(client, b"\xff\xfe.\x00.\x80"))
        assert await count_rows(connection) == before
        assert (await ask(client, issuer.token())).status_code == 200


@pytest.mark.spec("AUTH-005", "AUTH-007", "AUTH-008")
async def test_what_better_auth_signs_beside_its_tokens_is_no_token(
    client_with: MakeClient, issuer: Issuer, ada: Person
) -> None:
    """S12: tokens of the same keys, or under the same secret, that were made for something else."""
    moment = int(datetime.now(UTC).timestamp())
    session = {"session": {"userId": ada.user_id}, "user": {"id": ada.user_id}, "updatedAt": moment * 1000}
    times: dict[str, object] = {"iat": moment, "exp": moment + 300}
    cache = {"typ": "better-auth.session-cache+jwt"}
    others = [
        issuer.token(header=cache, aud="better-auth:session-cache", sid="token"),
        issuer.token(aud="better-auth:session-cache"),
        issuer.token(header=cache),
        issuer.token(header={"typ": "at+jwt"}),
        issuer.token(header={"typ": "logout+jwt"}, aud="client"),
        issuer.token(aud="client", nonce="n"),
        craft({"alg": "HS256"}, session | times, hs256(SECRET.encode())),
        craft({"alg": "HS256"}, session | times | {"sub": ada.user_id}, hs256(SECRET.encode())),
        craft({"alg": "HS256", "typ": "JWT"}, {"email": "ada@example.com"} | times, hs256(SECRET.encode())),
        craft({"alg": "dir", "enc": "A256CBC-HS512"}, b"", lambda _: b"x") + ".e30.e30",
    ]
    async with client_with(better_auth_url=issuer.origin, shared_secret_issuer=ELSEWHERE) as client:
        for token in others:
            assert_refused(await ask(client, token), token)
        assert (await ask(client, issuer.token())).status_code == 200


@pytest.mark.spec("AUTH-006")
async def test_an_issuer_that_never_answered_is_told_as_away(
    client_with: MakeClient, issuer: Issuer, ada: Person, app: FastAPI
) -> None:
    issuer.fault = FAULTS["error"]
    async with client_with(better_auth_url=issuer.origin) as client:
        away = await ask(client, issuer.token())
        own = await ask(client, access_token(app.state.runtime, ada.user_id))
    assert (away.status_code, away.headers["Retry-After"], away.json()["code"]) == (503, "1", "UNAVAILABLE")
    assert own.status_code == 200


@pytest.mark.spec("AUTH-006")
async def test_known_keys_stay_in_use_while_the_issuer_is_away(
    client_with: MakeClient, issuer: Issuer
) -> None:
    async with client_with(better_auth_url=issuer.origin) as client:
        assert (await ask(client, issuer.token())).status_code == 200
        issuer.stop()
        assert (await ask(client, issuer.token(sub="somebody-else"))).status_code == 200
    assert issuer.requests == 1


@pytest.mark.spec("AUTH-007")
async def test_shared_secret_tokens_are_accepted_only_when_asked_for(
    client: httpx2.AsyncClient, client_with: MakeClient
) -> None:
    assert_refused(await ask(client, shared()))
    async with client_with(shared_secret_issuer=ELSEWHERE) as opted:
        assert (await ask(opted, shared())).status_code == 200


@pytest.mark.spec("AUTH-007")
async def test_a_shared_secret_token_needs_issuer_subject_expiry_and_audience(
    client_with: MakeClient,
) -> None:
    wrong: list[dict[str, Any]] = [
        {"exp": None},
        {"exp": 1},
        {"sub": None},
        {"issuer": "https://other.example"},
        {"issuer": "agendum"},
        {"aud": "other"},
    ]
    async with client_with(shared_secret_issuer=ELSEWHERE, shared_secret_audience="tasks") as client:
        for claims in wrong:
            assert_refused(await ask(client, shared(**{"aud": "tasks"} | claims)), claims)
        assert (await ask(client, shared(aud=["tasks", "more"]))).status_code == 200


@pytest.mark.spec("USER-006")
async def test_one_subject_of_two_issuers_is_two_people(client_with: MakeClient, issuer: Issuer) -> None:
    async with client_with(better_auth_url=issuer.origin, shared_secret_issuer=ELSEWHERE) as client:
        answers = [await ask(client, issuer.token(sub="ada")), await ask(client, shared(sub="ada"))]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 2


@pytest.mark.spec("USER-006")
async def test_a_token_from_elsewhere_is_never_one_of_our_people(
    client_with: MakeClient, issuer: Issuer, ada: Person
) -> None:
    await ada.create_task()
    mine = (await ada.client.get("/api/me")).json()
    async with client_with(better_auth_url=issuer.origin, shared_secret_issuer=ELSEWHERE) as client:
        for token in (
            issuer.token(sub=ada.user_id, id=ada.user_id, email=mine["email"]),
            shared(sub=ada.user_id, email=mine["email"]),
        ):
            stranger = (await ask(client, token)).json()
            assert (stranger["email"], stranger["id"] == ada.user_id) == (mine["email"], False)
            assert (await ask(client, token, "/api/tasks")).json()["total"] == 0


@pytest.mark.spec("USER-005")
@pytest.mark.parametrize("value", [5, None, ["ada"], "", "a\nb", "x" * 321, " "])
async def test_what_cannot_be_displayed_of_a_new_person_is_left_out(
    client_with: MakeClient, value: object
) -> None:
    async with client_with(shared_secret_issuer=ELSEWHERE) as client:
        answer = await ask(client, shared(email=value, name=value))
    assert (answer.status_code, answer.json()["email"], answer.json()["name"]) == (200, None, None)


@pytest.mark.spec("USER-005")
async def test_first_requests_that_come_at_once_make_one_profile(
    own_database: str, settings: Settings
) -> None:
    more = {"database_url": SecretStr(own_database), "shared_secret_issuer": ELSEWHERE}
    async with serving(settings.model_copy(update=more)) as client:
        answers = await asyncio.gather(*(ask(client, shared(jti=str(number))) for number in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.fixture
def remembering(app: FastAPI) -> Callable[[float], None]:
    """Let time pass for the application's memory of tokens."""
    passed = [0.0]
    app.state.runtime = replace(app.state.runtime, callers=ExpiringMemory(100, clock=lambda: passed[0]))
    return lambda seconds: passed.__setitem__(0, passed[0] + seconds)


async def _disappear(connection: asyncpg.Connection, user_id: str) -> None:
    """Take a person's account away, so that only a remembered token still works."""
    await fetch(connection, "update agendum.account set issuer = 'gone' where user_id = $1", user_id)


@pytest.mark.spec("AUTH-010")
async def test_a_verified_token_is_remembered_for_60_seconds(
    remembering: Callable[[float], None], ada: Person, connection: asyncpg.Connection
) -> None:
    await ada.client.get("/api/me")
    await _disappear(connection, ada.user_id)
    remembering(29.9)
    assert (await ada.client.get("/api/me")).status_code == 200
    remembering(0.2)
    assert_refused(await ada.client.get("/api/me"))


@pytest.mark.spec("USER-004")
async def test_the_token_of_somebody_who_is_gone_is_refused(
    ada: Person, connection: asyncpg.Connection
) -> None:
    await ada.client.get("/api/me")
    for table in ("change_counter", "session", "password", "account"):
        await fetch(connection, f"delete from agendum.{table} where user_id = $1", ada.user_id)
    assert_refused(await ada.client.get("/api/me"))


class EmptyDirectory(Directory):
    """A directory that everybody leaves as soon as they come."""

    async def find(self, *, issuer: str, subject: str, session_id: UUID | None = None) -> None:
        """Find nobody."""

    async def recognise(self, account: AccountRow, *, issuer: str, subject: str) -> None:
        """Add nobody."""


@pytest.mark.spec("USER-005")
async def test_a_person_who_leaves_between_two_looks_is_refused() -> None:
    def open_directory() -> AbstractAsyncContextManager[Directory]:
        return nullcontext(EmptyDirectory.__new__(EmptyDirectory))

    def open_nothing(_person: str) -> AbstractAsyncContextManager[Any]:
        return nullcontext()

    identity = Identity(
        open_directory,
        open_directory,
        Passwords(),
        (SECRET,),
        lambda _person: None,
        open_own=open_nothing,
        open_erasure=open_nothing,
    )
    claims = Claims(ELSEWHERE, "ada", datetime.now(UTC), {})
    with pytest.raises(Unauthenticated):
        await recognise(identity, claims, now=datetime.now(UTC))


@pytest.mark.spec("AUTH-010")
async def test_a_remembered_token_does_not_outlive_its_expiry(
    remembering: Callable[[float], None], app: FastAPI, ada: Person
) -> None:
    token = access_token(app.state.runtime, ada.user_id, exp=int(datetime.now(UTC).timestamp()) + 15)
    async with open_client(app) as client:
        assert (await ask(client, token)).status_code == 200
        remembering(16)
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=16)):
            assert_refused(await ask(client, token))


@pytest.mark.spec("AUTH-010")
async def test_tokens_are_remembered_by_their_hash(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    token = access_token(app.state.runtime, ada.user_id)
    await ask(client, token)
    assert list(app.state.runtime.callers._entries) == [hashlib.sha256(token.encode()).digest()]
