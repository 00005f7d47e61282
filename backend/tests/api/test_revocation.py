"""Credentials that were good once: of somebody who is disabled, and from before the person's tokens are good."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI

from app.models.account import OWN_ISSUER
from app.services.sign_in import TOKEN_AUDIENCE, TOKEN_TYPE
from app.utils.expiring import ExpiringMemory
from app.utils.jwt import sign_token
from tests.api.rows import fetch
from tests.api.tokens import ask, assert_refused
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


async def _set(connection: asyncpg.Connection, person: Person, *, column: str, moment: datetime) -> None:
    await fetch(
        connection, f"update agendum.account set {column} = $2 where user_id = $1", person.user_id, moment
    )


@pytest.mark.spec("AUTH-016", "AUTH-018")
async def test_somebody_who_is_disabled_is_refused_within_a_minute(
    ada: Person, connection: asyncpg.Connection, later: Callable[[], None]
) -> None:
    assert (await ada.client.get("/api/tasks")).status_code == 200
    await _set(connection, ada, column="disabled_at", moment=datetime.now(UTC))
    later()
    answer = await ada.client.get("/api/tasks")
    assert (answer.status_code, answer.json()["code"]) == (401, "ACCOUNT_DISABLED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.spec("AUTH-017")
@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 200), (1, 401)])
async def test_a_token_is_refused_that_is_older_than_the_persons_tokens_may_be(
    app: FastAPI, ada: Person, connection: asyncpg.Connection, *, seconds: int, status: int
) -> None:
    issued = datetime.now(UTC).replace(microsecond=0)
    token = access_token(app.state.runtime, ada.user_id, iat=int(issued.timestamp()))
    await _set(connection, ada, column="tokens_valid_from", moment=issued + timedelta(seconds=seconds))
    async with open_client(app) as client:
        assert (await ask(client, token)).status_code == status


@pytest.mark.spec("AUTH-017")
async def test_a_token_that_does_not_say_when_it_was_issued_is_from_before(
    app: FastAPI, ada: Person, connection: asyncpg.Connection
) -> None:
    moment = int(datetime.now(UTC).timestamp())
    claims = {"iss": OWN_ISSUER, "aud": TOKEN_AUDIENCE, "sub": ada.user_id, "exp": moment + 900}
    token = sign_token(app.state.runtime.identity.secret, claims=claims, token_type=TOKEN_TYPE)
    await _set(connection, ada, column="tokens_valid_from", moment=datetime(2000, 1, 1, tzinfo=UTC))
    async with open_client(app) as client:
        assert_revoked(await ask(client, token))


def assert_revoked(answer: httpx2.Response) -> None:
    assert_refused(answer)
    assert answer.json()["detail"] == "The token has been revoked."
