"""Credentials that were good once: of somebody who is disabled, and from before the person's tokens are good."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.config import Settings
from app.utils.expiring import ExpiringMemory
from tests.api.rows import fetch
from tests.api.tokens import ELSEWHERE, ask, assert_refused, serving, shared
from tests.people import Person, access_token, open_client

_LATER = 30.1


@pytest.fixture
def later(app: FastAPI) -> Callable[[], None]:
    """Let so much time pass that whoever was recognised is remembered no longer."""
    moment = [0.0]
    memory: ExpiringMemory[object] = ExpiringMemory(10, clock=lambda: moment[0])
    runtime = app.state.runtime
    object.__setattr__(runtime, "callers", memory)

    def pass_by() -> None:
        moment[0] += _LATER

    return pass_by


async def _set(connection: asyncpg.Connection, person: str, *, column: str, moment: datetime) -> None:
    await fetch(connection, f"update agendum.account set {column} = $2 where user_id = $1", person, moment)


@pytest.mark.spec("AUTH-016", "AUTH-018")
async def test_somebody_who_is_disabled_is_refused_within_a_minute(
    ada: Person, connection: asyncpg.Connection, later: Callable[[], None]
) -> None:
    """S23."""
    assert (await ada.client.get("/api/tasks")).status_code == 200
    await _set(connection, ada.user_id, column="disabled_at", moment=datetime.now(UTC))
    later()
    answer = await ada.client.get("/api/tasks")
    assert (answer.status_code, answer.json()["code"]) == (401, "ACCOUNT_DISABLED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.fixture
async def issuing(settings: Settings, connection: asyncpg.Connection) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an application that accepts the tokens of another issuer."""
    async with serving(settings.model_copy(update={"shared_secret_issuer": ELSEWHERE}), connection) as client:
        yield client


@pytest.mark.spec("AUTH-017")
@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 200), (1, 401)])
async def test_an_issuers_token_is_refused_that_is_older_than_the_persons_tokens_may_be(
    issuing: httpx2.AsyncClient, connection: asyncpg.Connection, *, seconds: int, status: int
) -> None:
    """S23."""
    issued = datetime.now(UTC).replace(microsecond=0)
    tokens = [shared(iat=int(issued.timestamp()), jti=str(number)) for number in range(2)]
    person = (await ask(issuing, tokens[0])).json()["id"]
    await _set(connection, person, column="tokens_valid_from", moment=issued + timedelta(seconds=seconds))
    # The second token, because whom the first one means is remembered.
    assert (await ask(issuing, tokens[1])).status_code == status


@pytest.mark.spec("AUTH-017")
async def test_a_token_that_does_not_say_when_it_was_issued_is_from_before(
    issuing: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    person = (await ask(issuing, shared(jti="1"))).json()["id"]
    await _set(connection, person, column="tokens_valid_from", moment=datetime(2000, 1, 1, tzinfo=UTC))
    assert_revoked(await ask(issuing, shared(jti="2")))


@pytest.mark.spec("AUTH-017", "SESSION-010")
@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 200), (1, 401)])
async def test_a_token_of_ours_is_refused_whose_session_is_older_than_the_persons_tokens_may_be(
    app: FastAPI, ada: Person, connection: asyncpg.Connection, *, seconds: int, status: int
) -> None:
    """S23."""
    began = datetime.now(UTC)
    session_id = await ada.start_session(created_at=began)
    await _set(connection, ada.user_id, column="tokens_valid_from", moment=began + timedelta(seconds=seconds))
    token = access_token(app.state.runtime, ada.user_id, sid=str(session_id))
    async with open_client(app) as client:
        assert (await ask(client, token)).status_code == status


def assert_revoked(answer: httpx2.Response) -> None:
    assert_refused(answer)
    assert answer.json()["detail"] == "The token has been revoked."
