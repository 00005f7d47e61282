"""Calling with personal tokens: what is let in as whom, what is refused and how, and what is noted of use."""

import asyncio
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from app.domain.callers import Credential, Scope
from app.runtime import Runtime
from app.services.recognition import Recognised, Recogniser
from app.utils.checked_tokens import digest_of, new_token
from app.utils.expiring import ExpiringMemory
from tests.api.personal import PATH, make_token
from tests.api.rows import fetch
from tests.api.tokens import ask, assert_refused
from tests.people import Person, access_token, open_client

_MOMENTS = "SELECT last_used_at, version, updated_at FROM agendum.personal_token WHERE id = $1"


@pytest.fixture
def pass_by(app: FastAPI) -> Callable[[float], None]:
    """Let seconds pass, for what is remembered and for the clock of the service, which stands still otherwise."""
    moment, start = [0.0], datetime.now(UTC)
    memory: ExpiringMemory[Any] = ExpiringMemory(10, clock=lambda: moment[0])
    object.__setattr__(app.state.runtime, "callers", memory)
    object.__setattr__(app.state.runtime, "clock", lambda: start + timedelta(seconds=moment[0]))

    def pass_by(seconds: float) -> None:
        moment[0] += seconds

    return pass_by


async def statements_of(connection: asyncpg.Connection, client: httpx2.AsyncClient, token: str) -> list[str]:
    """Ask with a token that is refused; return the statements that it cost."""
    statements: list[str] = []
    with connection.query_logger(lambda record: statements.append(record.query)):
        assert_refused(await ask(client, token))
        # The driver tells its loggers when the loop comes round.
        await asyncio.sleep(0)
    return [text for text in statements if not text.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))]


async def alter(connection: asyncpg.Connection, token_id: str, **columns: Any) -> None:
    """Write columns of a token past every wall."""
    for name, value in columns.items():
        await fetch(
            connection, f"UPDATE agendum.personal_token SET {name} = $2 WHERE id = $1", token_id, value
        )


@pytest.mark.spec("TOKEN-011")
async def test_the_bearer_is_its_maker_with_exactly_its_scopes_and_no_role(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    await fetch(connection, "UPDATE agendum.account SET role = 'admin' WHERE user_id = $1", ada.user_id)
    made = await make_token(ada, scopes=["tasks:write", "account:read"])
    caller = await app.state.runtime.recognise(made["token"])
    assert caller == (
        ada.user_id,
        Credential.PERSONAL_TOKEN,
        {Scope.TASKS_WRITE, Scope.ACCOUNT_READ},
        frozenset(),
        UUID(made["id"]),
    )


@pytest.mark.spec("TOKEN-011")
async def test_a_scope_of_a_later_release_allows_nothing(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    made = await make_token(ada)
    await alter(connection, made["id"], scopes=["tasks:everything", "tasks:read"])
    assert (await app.state.runtime.recognise(made["token"])).scopes == {Scope.TASKS_READ}
    assert (await ada.client.get(f"{PATH}/{made['id']}")).json()["scopes"] == ["tasks:read"]


@pytest.mark.spec("TOKEN-012")
async def test_no_bad_token_can_be_told_from_another(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    expired, revoked, gone = [await make_token(ada) for _ in range(3)]
    past = datetime.now(UTC) - timedelta(seconds=1)
    await alter(connection, expired["id"], expires_at=past)
    assert (await ada.client.delete(f"{PATH}/{revoked['id']}")).status_code == 204
    tokens = [expired["token"], revoked["token"], new_token("agp_")]
    costs = [await statements_of(connection, client, token) for token in tokens]
    await fetch(
        connection, "UPDATE agendum.account SET deleted_at = $2 WHERE user_id = $1", ada.user_id, past
    )
    tokens.append(gone["token"])
    costs.append(await statements_of(connection, client, tokens[-1]))
    assert len({tuple(cost) for cost in costs}) == len(costs[0]) == 1
    altered = [*forgeries(expired["token"])]
    answers = [await ask(client, token) for token in [*tokens, *altered]]
    bodies = {answer.text.replace(answer.headers["X-Request-ID"], "") for answer in answers}
    headers = {tuple(name for name, _ in answer.headers.multi_items()) for answer in answers}
    assert (len(bodies), len(headers)) == (1, 1)


def forgeries(token: str) -> tuple[str, ...]:
    """Return what looks a little like a token, and is none."""
    return (
        "agp_",
        "agp",
        token[:-1],
        token + "0",
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        swapped(token),
        token.upper(),
        token.lower(),
        "AGP_" + token[4:],
        "ghp_" + token[4:],
        token[4:],
        f"{token} {token}",
        f"{token},{token}",
        "agp_" + "A" * 8000,
        "agp_" + "\u0664" * 49,
        digest_of(token).hex(),
        "agp_" + digest_of(token).hex()[:49],
    )


def swapped(token: str) -> str:
    """Return a token with two neighbours, which differ, in each other's place."""
    place = next(place for place in range(4, 53) if token[place] != token[place + 1])
    return token[:place] + token[place + 1] + token[place] + token[place + 2 :]


@pytest.mark.spec("TOKEN-012")
async def test_what_is_not_of_the_form_or_has_another_checksum_costs_no_look_up(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    made = await make_token(ada)
    for forged in forgeries(made["token"]):
        assert await statements_of(connection, client, forged) == [], forged
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200


@pytest.mark.spec("TOKEN-012", "AUTH-011")
async def test_the_log_tells_why_and_nothing_of_the_token(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    expired, revoked = [await make_token(ada) for _ in range(2)]
    await alter(connection, expired["id"], expires_at=datetime.now(UTC))
    await ada.client.delete(f"{PATH}/{revoked['id']}")
    reasons = {
        expired["token"]: "it is expired",
        revoked["token"]: "it is revoked",
        new_token("agp_"): "nobody has it",
        "agp_canary": "it has not the form and the checksum of one",
    }
    for token, reason in reasons.items():
        with capture_logs() as logs:
            assert_refused(await ask(client, token))
        assert [(line["log_level"], line["reason"]) for line in logs] == [
            ("warning", f"The personal token is refused: {reason}")
        ]
        assert token not in str(logs)


@pytest.mark.spec("TOKEN-012", "AUTH-016")
async def test_nobody_who_is_disabled_comes_in(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    made, moment = await make_token(ada), datetime.now(UTC)
    disabled = "UPDATE agendum.account SET disabled_at = $2 WHERE user_id = $1"
    await fetch(connection, disabled, ada.user_id, moment)
    answer = await ask(client, made["token"], "/api/tasks")
    assert (answer.status_code, answer.json()["code"]) == (401, "ACCOUNT_DISABLED")
    await fetch(connection, disabled, ada.user_id, None)
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200


@pytest.mark.spec("TOKEN-015")
async def test_what_ends_sessions_ends_no_personal_token(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    made = await make_token(ada)
    later = datetime.now(UTC) + timedelta(minutes=1)
    await fetch(
        connection, "UPDATE agendum.account SET tokens_valid_from = $2 WHERE user_id = $1", ada.user_id, later
    )
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200


@pytest.mark.spec("TOKEN-013")
async def test_a_token_that_is_revoked_is_refused_at_once(client: httpx2.AsyncClient, ada: Person) -> None:
    made, other = await make_token(ada), await make_token(ada)
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
    assert (await ada.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert_refused(await ask(client, made["token"], "/api/tasks"))
    assert (await ask(client, other["token"], "/api/tasks")).status_code == 200


class Slow(Runtime):
    """Recognises personal tokens, and then waits for `go` before it says who it is."""

    __slots__ = ("found", "go")
    found: asyncio.Event
    go: asyncio.Event

    @property
    def recognisers(self) -> tuple[Recogniser, ...]:
        """What knows personal tokens, slowly."""
        usual = super().recognisers[0]

        async def recognise(credential: str, now: datetime) -> Recognised:
            recognised = await usual.recognise(credential, now)
            self.found.set()
            await self.go.wait()
            return recognised

        return (usual._replace(recognise=recognise),)


@pytest.mark.spec("TOKEN-013")
async def test_who_was_recognised_while_a_token_was_revoked_is_not_remembered(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    made, usual = await make_token(ada), app.state.runtime
    slow = Slow(**{part.name: getattr(usual, part.name) for part in fields(usual)})
    object.__setattr__(slow, "found", asyncio.Event())
    object.__setattr__(slow, "go", asyncio.Event())
    under_way = asyncio.create_task(slow.recognise(made["token"]))
    await slow.found.wait()
    assert (await ada.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    slow.go.set()
    assert (await under_way).person_id == ada.user_id
    assert_refused(await ask(client, made["token"], "/api/tasks"))


@pytest.mark.spec("TOKEN-013")
async def test_a_token_that_is_revoked_elsewhere_is_refused_within_a_minute(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection, pass_by: Callable[[float], None]
) -> None:
    """S23."""
    made = await make_token(ada)
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
    await alter(connection, made["id"], deleted_at=datetime.now(UTC))
    pass_by(30.1)
    assert_refused(await ask(client, made["token"], "/api/tasks"))


@pytest.mark.spec("TOKEN-013")
async def test_a_token_is_remembered_no_longer_than_it_lasts(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection, pass_by: Callable[[float], None]
) -> None:
    made = await make_token(ada)
    soon = datetime.fromisoformat(made["created_at"]) + timedelta(seconds=20)
    await alter(connection, made["id"], expires_at=soon)
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
    pass_by(19.9)
    assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
    pass_by(0.2)
    assert_refused(await ask(client, made["token"], "/api/tasks"))


@pytest.mark.spec("TOKEN-014")
async def test_use_is_noted_about_once_a_minute_and_is_no_change(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection, pass_by: Callable[[float], None]
) -> None:
    made = await make_token(ada)
    noted = []
    for seconds in (0, 1, 31, 29, 1):
        pass_by(seconds)
        assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
        noted += await fetch(connection, _MOMENTS, made["id"])
    first, _, _, _, last = [row["last_used_at"] for row in noted]
    assert [row["last_used_at"] for row in noted] == [first] * 4 + [last]
    assert last - first == timedelta(seconds=62)
    assert {(row["version"], row["updated_at"].isoformat()) for row in noted} == {
        (1, datetime.fromisoformat(made["updated_at"]).isoformat())
    }
    [listed] = (await ada.client.get(PATH)).json()["items"]
    assert datetime.fromisoformat(listed["last_used_at"]) == last
    assert len(await ada.changes()) == 1


@pytest.mark.spec("TOKEN-014")
async def test_what_is_refused_is_not_noted(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    made = await make_token(ada)
    await alter(connection, made["id"], expires_at=datetime.now(UTC))
    assert_refused(await ask(client, made["token"], "/api/tasks"))
    assert [row["last_used_at"] for row in await fetch(connection, _MOMENTS, made["id"])] == [None]


@pytest.mark.spec("TOKEN-012", "TOKEN-013")
async def test_what_is_remembered_of_a_token_costs_nothing(
    client: httpx2.AsyncClient, ada: Person, connection: asyncpg.Connection
) -> None:
    made = await make_token(ada)
    await ask(client, made["token"], "/api/tasks")
    statements: list[str] = []
    with connection.query_logger(lambda record: statements.append(record.query)):
        assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
        await asyncio.sleep(0)
    assert [text for text in statements if "personal_token" in text or "agendum_identity" in text] == []
    assert len([text for text in statements if not text.startswith("RELEASE")]) == 2


@pytest.mark.spec("AUTH-004", "TOKEN-012")
async def test_no_credential_of_one_kind_serves_as_another(
    app: FastAPI, client: httpx2.AsyncClient, ada: Person
) -> None:
    """S12."""
    made, signed = await make_token(ada), access_token(app.state.runtime, ada.user_id)
    mixed = [f"agp_{signed}", f"{made['token']}.{signed.partition('.')[2]}", f"{signed}.{made['token']}"]
    mixed.append(access_token(app.state.runtime, made["token"]))
    mixed.append(access_token(app.state.runtime, ada.user_id, typ="personal_token", iss="personal_token"))
    for token in mixed:
        assert_refused(await ask(client, token), token)
    login = {"email": f"{ada.user_id}@example.com", "password": made["token"]}
    assert (await client.post("/auth/login", json=login)).status_code == 401
    basic = {"Authorization": f"Basic {made['token']}", "Cookie": f"token={made['token']}"}
    for headers in ({"X-API-Key": made["token"]}, basic, {"Authorization": made["token"]}):
        assert (await client.get("/api/tasks", headers=headers)).json()["code"] == "UNAUTHENTICATED"
    assert (await client.get(f"/api/tasks?access_token={made['token']}")).status_code == 401


@pytest.mark.spec("TOKEN-011")
async def test_a_token_works_as_any_bearer_does(app: FastAPI, ada: Person) -> None:
    made = await make_token(ada, scopes=["tasks:write"])
    async with open_client(app, {"Authorization": f"bearer  {made['token']} "}) as client:
        created = await client.post("/api/tasks", json={"title": "Pay rent"})
    assert created.status_code == 201
    [_, change] = await ada.changes()
    assert (change["entity_id"], change["source"]) == (created.json()["id"], "api")
