"""Why a token is not accepted: told in the log line of its request and nowhere else."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
from structlog.testing import capture_logs

from app.config import Settings
from tests.api.tokens import ELSEWHERE, MakeClient, ask, assert_refused, serving, shared
from tests.forgeries import HOSTILE
from tests.issuer import Issuer, make_key


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def client_with(settings: Settings, connection: asyncpg.Connection) -> MakeClient:
    """Make a client of an application with more settings, over the transaction of the test."""
    return lambda **more: serving(settings.model_copy(update=more), connection)


async def reason_of(client: httpx2.AsyncClient, token: str) -> str:
    """Ask with a token that is refused; return the reason that its one log line gives."""
    with capture_logs() as logs:
        answer = await ask(client, token)
    assert_refused(answer)
    assert answer.json()["detail"] == "The bearer token is not acceptable."
    [line] = logs
    assert (line["log_level"], line["request_id"]) == ("warning", answer.json()["request_id"])
    assert not [part for part in token.split(".") if len(part) > 4 and part in str(line)]
    assert "canary" not in str(line)
    return str(line["reason"])


@pytest.mark.spec("AUTH-011")
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        (
            {"issuer": "https://canary.example"},
            f"The issuer is not configured; configured are agendum, {ELSEWHERE}",
        ),
        ({"aud": "canary"}, "The audience is not tasks"),
        ({"aud": None}, "Missing claim: 'aud'"),
        ({"exp": 1}, "The token is expired"),
        ({"sub": "canary\n"}, "Invalid claim: 'sub'"),
        ({"nbf": 2**33}, "The token is not yet valid"),
        (
            {"issuer": "HTTP://elsewhere.example:443/"},
            "The issuer is configured in another spelling: the token says HTTP://elsewhere.example:443/, "
            f"and configured is {ELSEWHERE}",
        ),
    ],
    ids=str,
)
async def test_the_log_says_why_a_token_is_not_accepted(
    client_with: MakeClient, claims: dict[str, Any], reason: str
) -> None:
    async with client_with(shared_secret_issuer=ELSEWHERE, shared_secret_audience="tasks") as client:
        assert (
            await reason_of(client, shared(**{"aud": "tasks", "email": "canary@example.com"} | claims))
            == reason
        )


@pytest.mark.spec("AUTH-011")
@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        ("text 'a.b.c'", "It is malformed"),
        ("oversized", "It is too long"),
        ("crit", "It demands an extension"),
        ("typ at+jwt", "The type is not JWT"),
        ("alg none", "No key is named, or the algorithm is not allowed"),
        ("PS256 under an RS256 key", "The algorithm is not that of the key"),
        ("another's signature", "The signature does not match"),
    ],
)
async def test_the_log_says_what_is_wrong_with_a_token_of_better_auth(
    client_with: MakeClient, issuer: Issuer, forged: str, reason: str
) -> None:
    async with client_with(better_auth_url=issuer.origin) as client:
        assert await reason_of(client, HOSTILE[forged](issuer)) == reason
        unknown = issuer.token(make_key("EdDSA"))
        assert await reason_of(client, unknown) == "The issuer does not publish the key that is named"


@pytest.mark.spec("AUTH-011")
async def test_the_log_says_that_localhost_is_not_127_0_0_1(client_with: MakeClient, issuer: Issuer) -> None:
    configured = issuer.origin.replace("127.0.0.1", "localhost")
    async with client_with(better_auth_url=configured) as client:
        told = await reason_of(client, issuer.token())
    assert told == (
        f"The issuer is configured in another spelling: the token says {issuer.origin}, and configured is {configured}"
    )


@pytest.mark.spec("AUTH-011")
async def test_every_hostile_token_is_logged_once_with_a_reason(
    client_with: MakeClient, issuer: Issuer
) -> None:
    async with client_with(better_auth_url=issuer.origin, shared_secret_issuer=ELSEWHERE) as client:
        for name, forge in HOSTILE.items():
            if name != "line break" and (token := forge(issuer)):
                assert len(await reason_of(client, token)) < 300, name
