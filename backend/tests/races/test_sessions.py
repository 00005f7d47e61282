"""Refreshing at once, and when the connection dies in the middle: one successor, and none that is lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.database.connection import Database, Limits
from app.database.url import read_address
from app.repositories.mailed_tokens import NewToken
from app.repositories.outgoing_mail import NewMail
from tests.api.signing import Tokens, refresh, refreshed, status_of, tokens_of
from tests.people import Person, joined, open_client, served_from
from tests.races.wire import Act, Wire, lose_the_answer, lose_the_question, say_farewell

AT_ONCE = 20


async def generations(witness: asyncpg.Connection) -> list[int]:
    """Return the generation of each session that began with a login."""
    query = "SELECT generation FROM agendum.session WHERE device IS NOT NULL ORDER BY 1"
    return [record[0] for record in await witness.fetch(query)]


@pytest.mark.spec("SESSION-005", "SESSION-006")
async def test_a_token_that_is_sent_many_times_at_once_has_one_successor(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    async with open_client(own_app) as client:
        tokens = await tokens_of(client, own_ada)
        answers = await asyncio.gather(*(refresh(client, tokens) for _time in range(AT_ONCE)))
        assert [answer.status_code for answer in answers] == [200] * AT_ONCE
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        assert successors != {tokens["refresh_token"]}
        assert await generations(witness) == [2]
        await refreshed(client, answers[-1].json())


@pytest.mark.spec("SESSION-005", "SESSION-011")
async def test_refreshing_and_leaving_at_once_leaves_nothing_that_is_good(
    own_app: FastAPI, own_ada: Person
) -> None:
    async with open_client(own_app) as client:
        tokens = await tokens_of(client, own_ada)
        leaving = client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})
        answers = await asyncio.gather(*(refresh(client, tokens) for _time in range(10)), leaving)
        given = [answer.json() for answer in answers[:-1] if answer.status_code == 200]
        assert answers[-1].status_code == 204
        for some in (tokens, *given):
            assert (await refresh(client, some)).status_code == 401
        own_app.state.runtime.identity.forget(own_ada.user_id)
        assert {await status_of(client, some) for some in (tokens, *given)} == {401}


@pytest.mark.spec("USER-072")
async def test_what_begins_while_an_account_is_deleted_waits_and_adds_nothing(
    own_app: FastAPI, own_ada: Person, witness: asyncpg.Connection
) -> None:
    identity, now = own_app.state.runtime.identity, datetime.now(UTC)
    [known] = await witness.fetch(
        "SELECT password_hash FROM agendum.password WHERE user_id = $1", own_ada.user_id
    )

    async def begin() -> bool:
        async with identity.open_register() as directory:
            token = NewToken(own_ada.user_id, "password_reset", "reset_password", uuid4(), uuid4())
            await directory.tokens.issue(token, now=now)
            about = NewMail(own_ada.user_id, "password_changed", "ada@example.com", {})
            await directory.tokens.notify(about, mail_id=uuid4(), now=now)
            return bool(await directory.sign_ins.confirm_password(own_ada.user_id, known=known[0]))

    async with identity.open_erasure(own_ada.user_id) as erasure:
        version = await erasure.version()
        begun = asyncio.create_task(begin())
        await asyncio.wait([begun], timeout=0.3)
        assert not begun.done()
        await erasure.erase(version=version, now=now)
    assert await begun is False
    for table in ("session", "mailed_token", "mail"):
        left = await witness.fetch(f"SELECT FROM agendum.{table} WHERE user_id = $1", own_ada.user_id)
        assert left == [], table


@pytest.fixture
async def wire(own_database: str) -> AsyncIterator[Wire]:
    async with Wire(own_database) as wire:
        yield wire


@pytest.fixture
async def cut_off(wire: Wire, application: FastAPI) -> AsyncIterator[FastAPI]:
    """The application behind a wire that can be cut."""
    database = Database(read_address(wire.url), size=4, limits=Limits(command=1.0))
    async with served_from(application, database):
        yield application


@pytest.fixture
async def client(cut_off: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_client(cut_off) as client:
        yield client


@pytest.fixture
async def tokens(cut_off: FastAPI, client: httpx2.AsyncClient) -> AsyncIterator[Tokens]:
    async with joined(cut_off) as person:
        yield await tokens_of(client, person)


@pytest.mark.spec("SESSION-005", "SESSION-006")
@pytest.mark.parametrize(
    ("act", "generation"), [(lose_the_answer, 2), (lose_the_question, 1), (say_farewell, 1)]
)
async def test_a_refresh_that_is_cut_off_can_be_sent_again(
    wire: Wire,
    client: httpx2.AsyncClient,
    tokens: Tokens,
    witness: asyncpg.Connection,
    *,
    act: Act,
    generation: int,
) -> None:
    wire.at_next_commit(act)
    answer = await refresh(client, tokens)
    assert (answer.status_code, answer.json()["code"]) in [(503, "OUTCOME_UNKNOWN"), (503, "UNAVAILABLE")]
    assert await generations(witness) == [generation]
    await refreshed(client, await refreshed(client, tokens))
    assert await generations(witness) == [3]
