"""What a real Better Auth issues is taken, and refused once it is worth nothing any more."""

import asyncpg
import pytest
from joserfc import jws

from tests.better_auth.conftest import Api, Server, SignedIn

pytestmark = pytest.mark.better_auth


def bearer(credential: str) -> dict[str, str]:
    """Return the header that brings a bearer token, as keywords."""
    return {"Authorization": f"Bearer {credential}"}


@pytest.mark.spec("AUTH-005", "BETTER-001", "BETTER-002", "BETTER-005", "BETTER-007", "BETTER-010")
async def test_token_session_and_cookie_of_somebody_mean_one_person(
    api: Api, server: Server, zoe: SignedIn
) -> None:
    token = zoe.jwt()
    assert jws.extract_compact(token.encode()).headers()["alg"] == server.setup.algorithm
    assert zoe.cookie.startswith("__Secure-") == (server.setup.algorithm == "RS256")
    answers = [
        await api.ask(**bearer(token)),
        await api.ask(**bearer(zoe.signed)),
        await api.ask(Cookie=zoe.cookie),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert (answers[0].json()["email"], answers[0].json()["name"]) == (zoe.email, "Zoë")


@pytest.mark.spec("BETTER-003")
async def test_its_raw_token_is_refused(api: Api, zoe: SignedIn) -> None:
    assert zoe.signed.startswith(zoe.raw)
    assert (await api.ask(**bearer(zoe.raw))).status_code == 401


@pytest.mark.spec("AUTH-006")
async def test_a_new_key_is_taken_and_the_old_one_is_still_good(
    api: Api, zoe: SignedIn, tables: asyncpg.Connection
) -> None:
    """S15."""
    old = zoe.jwt()
    assert (await api.ask(**bearer(old))).status_code == 200
    await tables.execute("""UPDATE jwks SET "expiresAt" = now() - interval '1 second'""")
    new = zoe.jwt()
    key_ids = {jws.extract_compact(token.encode()).headers()["kid"] for token in (old, new)}
    assert len(key_ids) == 2
    # An unknown key is asked for again 30 seconds after the last time.
    assert (await api.ask(**bearer(new))).status_code == 401
    api.wait(31)
    assert [(await api.ask(**bearer(token))).status_code for token in (new, old)] == [200, 200]


@pytest.mark.spec("BETTER-006", "AUTH-018")
async def test_signing_out_ends_the_session_within_30_seconds_and_no_other(api: Api, zoe: SignedIn) -> None:
    """S23."""
    again = {"email": zoe.email, "password": "correct horse battery"}
    other = zoe.browser.post("/api/auth/sign-in/email", json=again).headers["set-auth-token"]
    zoe.browser.cookies.clear()
    for headers in (bearer(zoe.signed), {"Cookie": zoe.cookie}, bearer(other)):
        assert (await api.ask(**headers)).status_code == 200
    out = zoe.browser.post("/api/auth/sign-out", headers={"Cookie": zoe.cookie})
    assert (out.status_code, out.json()) == (200, {"success": True})
    api.wait(30.1)
    seen = [
        (await api.ask(**headers)).status_code
        for headers in (bearer(zoe.signed), {"Cookie": zoe.cookie}, bearer(other))
    ]
    assert seen == [401, 401, 200]


@pytest.mark.spec("BETTER-004", "BETTER-006")
async def test_a_ban_and_an_expiry_end_the_session_within_30_seconds(
    api: Api, server: Server, zoe: SignedIn, tables: asyncpg.Connection
) -> None:
    shape = server.setup.shape
    user, session, expiry = shape.table("user"), shape.table("session"), shape.name("session.expiresAt")
    steps = {
        f"UPDATE {user} SET banned = true WHERE email = $1": "ACCOUNT_DISABLED",
        f"UPDATE {user} SET banned = false WHERE email = $1": None,
        f"UPDATE {session} SET {expiry} = now() - interval '1 second' WHERE token = $1": "INVALID_TOKEN",
    }
    assert (await api.ask(**bearer(zoe.signed))).status_code == 200
    for step, code in steps.items():
        await tables.execute(step, zoe.raw if "token" in step else zoe.email)
        api.wait(30.1)
        answer = await api.ask(**bearer(zoe.signed))
        assert (answer.status_code, answer.json().get("code")) == (401 if code else 200, code)


@pytest.mark.spec("BETTER-008")
async def test_its_cookie_changes_nothing_for_a_foreign_page(api: Api, server: Server, zoe: SignedIn) -> None:
    """S27."""
    statuses = {}
    for origin in ("https://evil.example", server.url):
        headers = {"Cookie": zoe.cookie, "Origin": origin}
        answer = await api.client.post("/api/tasks", json={"title": "Pay rent"}, headers=headers)
        statuses[origin] = answer.status_code
    assert statuses == {"https://evil.example": 403, server.url: 201}
    # Better Auth judges alike.
    foreign = zoe.browser.post(
        "/api/auth/sign-out", headers={"Cookie": zoe.cookie, "Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403


@pytest.mark.spec("BETTER-006")
async def test_its_rows_are_left_as_they_are(
    api: Api, server: Server, zoe: SignedIn, tables: asyncpg.Connection
) -> None:
    query = f"SELECT t::text FROM {server.setup.shape.table('session')} t WHERE token = $1"
    before = await tables.fetchval(query, zoe.raw)
    assert (await api.ask(**bearer(zoe.signed))).status_code == 200
    api.wait(31)
    assert (await api.ask(Cookie=zoe.cookie)).status_code == 200
    assert await tables.fetchval(query, zoe.raw) == before
