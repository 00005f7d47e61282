"""Personal tokens over a pool: what is noted behind a request holds nobody up, and copies of one request make one."""

import asyncio

import asyncpg
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app.database.connection import Database
from tests.api.personal import PATH, make_token
from tests.api.tokens import ask
from tests.people import Person, open_client

_USED = "SELECT count(last_used_at) FROM agendum.personal_token"


def database_of(app: FastAPI) -> Database:
    database: Database = app.state.runtime.database
    return database


@pytest.mark.spec("TOKEN-014")
async def test_a_request_does_not_wait_for_what_is_noted_of_its_token(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    made = await make_token(own_ada)
    async with open_client(own_app) as client:
        async with witness.transaction():
            await witness.execute("SELECT FROM agendum.personal_token FOR UPDATE")
            assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
            assert await witness.fetchval(_USED) == 0
        await database_of(own_app).settle()
    assert await witness.fetchval(_USED) == 1


@pytest.mark.spec("TOKEN-014")
async def test_a_request_does_not_fail_when_its_use_cannot_be_noted(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    made = await make_token(own_ada)
    await witness.execute("REVOKE UPDATE (last_used_at) ON agendum.personal_token FROM agendum_identity")
    async with open_client(own_app) as client:
        with capture_logs() as logs:
            assert (await ask(client, made["token"], "/api/tasks")).status_code == 200
            await database_of(own_app).settle()
    told = [line for line in logs if line["event"] != "request"]
    assert [(line["log_level"], line["event"]) for line in told] == [
        ("warning", "use of a personal token not noted")
    ]
    assert made["token"] not in str(logs)


@pytest.mark.spec("TOKEN-014")
async def test_many_first_requests_at_once_are_all_let_in(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    made = await make_token(own_ada)
    async with open_client(own_app) as client:
        asked = [ask(client, made["token"], "/api/tasks") for _ in range(30)]
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}
        await database_of(own_app).settle()
    assert await witness.fetchval(_USED) == 1


@pytest.mark.spec("TOKEN-006", "SAFE-005")
@pytest.mark.parametrize("by_key", [True, False])
async def test_copies_of_one_creation_at_once_make_one_token_that_is_shown_once(
    own_ada: Person, witness: asyncpg.Connection, *, by_key: bool
) -> None:
    chosen = str(uuid7())
    headers = {"Idempotency-Key": chosen} if by_key else {}
    body = {"name": "Backup", "scopes": ["tasks:read"]} | ({} if by_key else {"id": chosen})
    copies = [own_ada.client.post(PATH, json=body, headers=headers) for _ in range(10)]
    answers = [answer.json() for answer in await asyncio.gather(*copies)]
    tokens = [answer.pop("token") for answer in answers]
    assert (tokens.count(None), all(answer == answers[0] for answer in answers)) == (9, True)
    assert await witness.fetchval("SELECT count(*) FROM agendum.personal_token") == 1


@pytest.mark.spec("TOKEN-013", "SAFE-004")
async def test_a_token_that_is_revoked_twice_at_once_is_revoked_once(own_ada: Person) -> None:
    made = await make_token(own_ada)
    path = f"{PATH}/{made['id']}"
    answers = await asyncio.gather(*(own_ada.client.delete(path) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404, 404]
    assert len(await own_ada.changes()) == 2
