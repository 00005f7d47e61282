"""Sessions of Better Auth as credentials, read in its own tables: whose they are, and when they are refused."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest
from structlog.testing import capture_logs

from app.config import ConfigurationError, Settings
from app.domain.callers import Caller, Credential, Scope
from app.main import create_app
from app.utils.expiring import ExpiringMemory
from tests.api.rows import count_rows, fetch
from tests.api.tokens import INVALID, MISSING, assert_refused, serving
from tests.conftest import SECRET, BorrowedDatabase
from tests.foreign_sessions import (
    ORIGIN,
    SHAPES,
    Shape,
    bearer,
    begin_session,
    configured,
    cookie,
    make_tables,
    signed,
)
from tests.issuer import Issuer
from tests.people import Person, open_client, using

MakeClient = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]
USUAL = Shape(bans=True)


@pytest.fixture
async def sharing(connection: asyncpg.Connection, settings: Settings) -> MakeClient:
    """Make a client of an application that shares tables of the usual shape, over the transaction of the test."""
    await make_tables(connection, USUAL)
    return lambda **more: serving(settings.model_copy(update=configured(USUAL, **more)), connection)


@pytest.mark.spec("BETTER-001", "BETTER-004", "BETTER-005", "BETTER-010", "BETTER-011")
@pytest.mark.parametrize("name", SHAPES)
async def test_a_session_is_its_users_in_tables_of_any_shape(
    connection: asyncpg.Connection, settings: Settings, name: str
) -> None:
    shape = SHAPES[name]
    await make_tables(connection, shape)
    token = await begin_session(connection, shape)
    ended = await begin_session(connection, shape, lasts=-1)
    await connection.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
    async with serving(settings.model_copy(update=configured(shape)), connection) as client:
        by_bearer = await client.get("/api/me", headers=bearer(signed(token, SECRET)))
        by_cookie = await client.get("/api/me", headers=cookie(token, SECRET))
        assert_refused(await client.get("/api/me", headers=bearer(signed(ended, SECRET))))
    assert (by_bearer.status_code, by_bearer.json()) == (200, by_cookie.json())
    assert (by_bearer.json()["name"], by_bearer.json()["email"]) == ("Zoë 李", "zoe@example.com")
    [account] = await fetch(connection, "select issuer, subject from agendum.account")
    assert account == {"issuer": ORIGIN, "subject": shape.user_id}


@pytest.mark.spec("BETTER-005")
async def test_a_session_and_a_token_of_one_issuer_mean_one_person(
    sharing: MakeClient, connection: asyncpg.Connection
) -> None:
    token = await begin_session(connection, USUAL)
    with Issuer() as issuer:
        async with sharing(better_auth_url=issuer.origin) as client:
            by_token = await client.get("/api/me", headers=bearer(issuer.token(sub=USUAL.user_id)))
            by_session = await client.get("/api/me", headers=bearer(signed(token, SECRET)))
    assert (by_token.status_code, by_token.json()) == (200, by_session.json())


@pytest.mark.spec("BETTER-001")
async def test_without_the_setting_a_session_is_no_credential_and_nothing_is_read(
    client: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    await make_tables(connection, USUAL, grant=False)
    token = await begin_session(connection, USUAL)
    assert_refused(await client.get("/api/me", headers=bearer(signed(token, SECRET))))
    assert_refused(await client.get("/api/me", headers=cookie(token, SECRET)), told=MISSING)


@pytest.mark.spec("BETTER-001")
@pytest.mark.parametrize("missing", ["better_auth_url", "secret"])
def test_sharing_needs_the_address_and_the_secret(settings: Settings, missing: str) -> None:
    with pytest.raises(ConfigurationError, match="BETTER_AUTH_SECRET"):
        create_app(settings.model_copy(update=configured(USUAL, **{missing: None})))


@pytest.mark.spec("BETTER-004", "BETTER-006")
async def test_a_session_that_has_ended_or_is_not_there_is_refused_and_makes_nobody(
    sharing: MakeClient, connection: asyncpg.Connection
) -> None:
    ended = await begin_session(connection, USUAL, lasts=-0.1)
    before = await count_rows(connection)
    async with sharing() as client:
        with capture_logs() as logs:
            for token in (ended, "0" * 32, ended[:-1], ended.upper()):
                assert_refused(await client.get("/api/me", headers=bearer(signed(token, SECRET))), token)
                assert_refused(await client.get("/api/me", headers=cookie(token, SECRET)), token)
    assert await count_rows(connection) == before
    reasons = {line["reason"] for line in logs if line["event"] == "request"}
    assert reasons == {"The session of Better Auth has ended", "There is no such session of Better Auth"}
    assert ended not in str(logs)


@pytest.mark.spec("BETTER-004")
async def test_somebody_who_is_banned_is_told_so(sharing: MakeClient, connection: asyncpg.Connection) -> None:
    token = await begin_session(connection, USUAL)
    async with sharing() as client:
        await fetch(connection, 'update "user" set banned = true')
        refused = await client.get("/api/me", headers=bearer(signed(token, SECRET)))
        await fetch(connection, 'update "user" set banned = false')
        let_in = await client.get("/api/me", headers=bearer(signed(token, SECRET)))
    assert (refused.status_code, refused.json()["code"], let_in.status_code) == (401, "ACCOUNT_DISABLED", 200)


@pytest.mark.spec("BETTER-002")
async def test_a_session_that_another_secret_signed_costs_no_look_up(
    sharing: MakeClient, connection: asyncpg.Connection
) -> None:
    token = await begin_session(connection, USUAL)
    good = signed(token, SECRET)
    wrong = [
        signed(token, SECRET + "x"),
        signed(token, ""),
        signed(token + "x", SECRET).replace(token + "x", token),
        good[:-2] + "==",
        good[:-1],
        good + "=",
        good.replace("=", "%3D%3D"),
        good.swapcase(),
        "." + good,
        good + ".",
        "x" * 9000 + good,
        "é." + good.partition(".")[2],
        token + "." + "A" * 43 + "=",
        "\ud800." + good.partition(".")[2],
    ]
    async with sharing() as client:
        # Nothing can be looked up any more, so that whoever is refused with 401 was refused before.
        await fetch(connection, 'alter table "session" rename to hidden')
        for credential in wrong:
            header = {b"Authorization": b"Bearer " + credential.encode("utf-8", "surrogatepass")}
            assert_refused(await client.get("/api/me", headers=header), credential)
        assert (await client.get("/api/me", headers=bearer(good))).status_code == 503


@pytest.mark.spec("BETTER-002")
@pytest.mark.usefixtures("sharing")
async def test_every_secret_of_a_rotation_is_accepted(
    connection: asyncpg.Connection, settings: Settings
) -> None:
    token = await begin_session(connection, USUAL)
    made = create_app(settings.model_copy(update=configured(USUAL)))
    runtime = using(made.state.runtime, BorrowedDatabase(connection))
    assert runtime.shared is not None
    made.state.runtime = replace(runtime, shared=runtime.shared._replace(secrets=("the new one", SECRET)))
    async with open_client(made) as client:
        for secret in ("the new one", SECRET):
            assert (await client.get("/api/me", headers=bearer(signed(token, secret)))).status_code == 200
        assert_refused(await client.get("/api/me", headers=bearer(signed(token, "an older one"))))


@pytest.mark.spec("BETTER-003")
async def test_a_raw_token_is_one_only_when_asked_for_and_never_in_a_cookie(
    sharing: MakeClient, connection: asyncpg.Connection, ada: Person
) -> None:
    token = await begin_session(connection, USUAL)
    async with sharing() as client:
        assert_refused(await client.get("/api/me", headers=bearer(token)))
    async with sharing(better_auth_raw_tokens=True) as client:
        assert (await client.get("/api/me", headers=bearer(token))).status_code == 200
        assert (await client.get("/api/me", headers=bearer(signed(token, SECRET)))).status_code == 200
        assert_refused(await client.get("/api/me", headers={"Cookie": f"better-auth.session_token={token}"}))
        assert_refused(await client.get("/api/me", headers=bearer("0" * 32)))
        own = ada.client.headers["Authorization"]
        assert (await client.get("/api/me", headers={"Authorization": own})).status_code == 200


@pytest.mark.spec("BETTER-005")
@pytest.mark.usefixtures("sharing")
async def test_a_session_may_do_everything_and_has_no_role(
    connection: asyncpg.Connection, settings: Settings
) -> None:
    token = signed(await begin_session(connection, USUAL), SECRET)
    made = create_app(settings.model_copy(update=configured(USUAL)))
    runtime = using(made.state.runtime, BorrowedDatabase(connection))
    caller, by_cookie = await runtime.recognise(token), await runtime.recognise_cookie(token)
    kinds = (Credential.BETTER_AUTH_SESSION, Credential.SESSION_COOKIE)
    assert (caller, by_cookie) == tuple(
        Caller(caller.person_id, kind, frozenset(Scope), frozenset()) for kind in kinds
    )


@pytest.fixture
async def remembered(
    connection: asyncpg.Connection, settings: Settings
) -> tuple[httpx2.AsyncClient, Callable[[float], None]]:
    """A client of an application whose memory's time is let pass by the test."""
    await make_tables(connection, USUAL)
    passed = [0.0]
    made = create_app(settings.model_copy(update=configured(USUAL)))
    runtime = using(made.state.runtime, BorrowedDatabase(connection))
    began = datetime.now(UTC)
    made.state.runtime = replace(
        runtime,
        callers=ExpiringMemory(100, clock=lambda: passed[0]),
        clock=lambda: began + timedelta(seconds=passed[0]),
    )
    return open_client(made), lambda seconds: passed.__setitem__(0, passed[0] + seconds)


@pytest.mark.spec("BETTER-006")
@pytest.mark.parametrize(
    "ending",
    [
        'delete from "session"',
        """update "session" set "expiresAt" = now() - interval '1 day'""",
        'update "user" set banned = true',
        'delete from "user"',
    ],
)
async def test_a_session_that_is_ended_stops_working_within_30_seconds(
    remembered: tuple[httpx2.AsyncClient, Callable[[float], None]],
    connection: asyncpg.Connection,
    ending: str,
) -> None:
    """S23."""
    client, wait = remembered
    token = await begin_session(connection, USUAL)
    for headers in (bearer(signed(token, SECRET)), cookie(token, SECRET)):
        assert (await client.get("/api/me", headers=headers)).status_code == 200
    await fetch(connection, ending)
    wait(30.1)
    for headers in (bearer(signed(token, SECRET)), cookie(token, SECRET)):
        assert (await client.get("/api/me", headers=headers)).status_code == 401


@pytest.mark.spec("BETTER-006")
async def test_a_remembered_session_does_not_outlive_its_expiry_and_is_not_extended(
    remembered: tuple[httpx2.AsyncClient, Callable[[float], None]], connection: asyncpg.Connection
) -> None:
    client, wait = remembered
    token = await begin_session(connection, USUAL, lasts=20)
    before = await fetch(connection, 'select s.*, u.* from "session" s, "user" u')
    for seconds, status in ((0, 200), (15, 200), (6, 401)):
        wait(seconds)
        assert (await client.get("/api/me", headers=bearer(signed(token, SECRET)))).status_code == status, (
            seconds
        )
    assert await fetch(connection, 'select s.*, u.* from "session" s, "user" u') == before


@pytest.mark.spec("BETTER-005")
async def test_a_session_from_before_a_persons_tokens_are_good_is_refused_and_a_newer_one_is_not(
    sharing: MakeClient, connection: asyncpg.Connection
) -> None:
    async with sharing() as client:
        old = await begin_session(connection, USUAL, made=datetime.now(UTC) - timedelta(hours=2))
        assert (await client.get("/api/me", headers=bearer(signed(old, SECRET)))).status_code == 200
        await fetch(connection, "update agendum.account set tokens_valid_from = now() - interval '1 hour'")
        assert_refused(await client.get("/api/me", headers=cookie(old, SECRET)))
        new = await begin_session(connection, USUAL)
        assert (await client.get("/api/me", headers=cookie(new, SECRET))).status_code == 200
        await fetch(connection, "update agendum.account set disabled_at = now()")
        disabled = await client.get("/api/me", headers=bearer(signed(new, SECRET)))
    assert disabled.json()["code"] == "ACCOUNT_DISABLED"


@pytest.mark.spec("BETTER-004")
@pytest.mark.usefixtures("sharing")
async def test_a_session_is_found_by_one_read_of_an_index(
    connection: asyncpg.Connection, settings: Settings
) -> None:
    made = create_app(settings.model_copy(update=configured(USUAL)))
    tables = made.state.runtime.shared.tables
    await fetch(
        connection,
        """insert into "user" select 'u' || n, 'Name', n || '@example.com', true from generate_series(1, 5000) n""",
    )
    await fetch(
        connection,
        """insert into "session" ("expiresAt", token, "createdAt", "userId")
        select now(), 'token' || n, now(), 'u' || n from generate_series(1, 5000) n""",
    )
    await connection.execute('analyze "user"; analyze "session"')
    sql = tables.build(with_bans=True).sql.replace("$1", "'token77'")
    plan = await fetch(connection, f"explain {sql}")
    text = "\n".join(line["QUERY PLAN"] for line in plan)
    assert ("Index Scan" in text, "Seq Scan" in text) == (True, False), text


@pytest.mark.spec("BETTER-013")
async def test_tables_that_become_unreadable_are_503_until_they_are_back(
    sharing: MakeClient, connection: asyncpg.Connection, ada: Person
) -> None:
    token = await begin_session(connection, USUAL)
    own = {"Authorization": ada.client.headers["Authorization"]}
    ways = [
        (
            'revoke select ("id") on "user" from agendum_identity',
            'grant select ("id") on "user" to agendum_identity',
        ),
        (
            'alter table "session" rename column token to hidden',
            'alter table "session" rename column hidden to token',
        ),
        (
            'alter table "session" alter "createdAt" type timestamp',
            'alter table "session" alter "createdAt" type timestamptz',
        ),
    ]
    async with sharing() as client:
        await client.get("/api/me", headers=bearer(signed(await begin_session(connection, USUAL), SECRET)))
        for breaking, mending in ways:
            await fetch(connection, breaking)
            broken = await client.get("/api/me", headers=bearer(signed(token, SECRET)))
            assert (broken.status_code, broken.json()["code"]) == (503, "UNAVAILABLE"), breaking
            assert "session" not in broken.json()["detail"].replace("sessions of Better Auth", "")
            assert (await client.get("/api/me", headers=own)).status_code == 200
            await fetch(connection, mending)
        assert (await client.get("/api/me", headers=bearer(signed(token, SECRET)))).status_code == 200


@pytest.mark.spec("BETTER-004")
async def test_the_id_of_a_user_that_is_no_subject_is_refused(
    sharing: MakeClient, connection: asyncpg.Connection
) -> None:
    token = await begin_session(connection, USUAL)
    await fetch(connection, 'alter table "session" drop constraint "session_userId_fkey"')
    async with sharing() as client:
        for user_id in ("", "x" * 256):
            await fetch(connection, 'update "user" set id = $1', user_id)
            await fetch(connection, 'update "session" set "userId" = $1', user_id)
            assert_refused(await client.get("/api/me", headers=bearer(signed(token, SECRET))), told=INVALID)
            assert_refused(await client.get("/api/me", headers=cookie(token, SECRET)), told=INVALID)
