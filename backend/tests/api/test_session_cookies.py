"""The session cookie of Better Auth: which one counts, which pages may change something by it, and hostile ones."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import asyncpg
import httpx2
import pytest

from app.config import Settings
from app.dependencies.cookies import read_cookies
from tests.api.rows import count_rows
from tests.api.tokens import MISSING, assert_refused, serving
from tests.conftest import SECRET
from tests.foreign_sessions import (
    ORIGIN,
    Shape,
    bearer,
    begin_session,
    configured,
    cookie,
    make_tables,
    signed,
)
from tests.people import Person

PAGE = "https://app.example.com"
NAME = "better-auth.session_token"
USUAL = Shape()


@pytest.fixture
async def token(connection: asyncpg.Connection) -> str:
    """The raw token of a session that has not ended."""
    await make_tables(connection, USUAL)
    return await begin_session(connection, USUAL)


@pytest.fixture
async def sharing(connection: asyncpg.Connection, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    shared = configured(USUAL, cors_origins=(PAGE,), cors_credentials=True)
    async with serving(settings.model_copy(update=shared), connection) as client:
        yield client


def written(token: str, secret: str = SECRET) -> str:
    """Return the value of a cookie as Better Auth writes it."""
    return quote(signed(token, secret), safe="")


@pytest.mark.spec("BETTER-007")
async def test_the_secure_cookie_is_preferred_and_of_one_name_the_first(
    sharing: httpx2.AsyncClient, token: str
) -> None:
    good, bad = written(token), written("0" * 32)
    headers = {
        f"__Secure-{NAME}={good}": 200,
        f"{NAME}={bad}; __Secure-{NAME}={good}": 200,
        f"__Secure-{NAME}={bad}; {NAME}={good}": 401,
        f"{NAME}={good}; {NAME}={bad}": 200,
        f"{NAME}={bad}; {NAME}={good}": 401,
        f'{NAME}="{good}"': 200,
        f"{NAME}={signed(token, SECRET)}": 200,
        f"; ;a;{NAME}={good};;=;": 200,
        f"{'a=b; ' * 500}{NAME}={good}": 200,
        f"{NAME.upper()}={good}": 401,
        f"x{NAME}={good}": 401,
        f"{NAME} ={good}": 200,
        f"__Secure-{NAME}=; {NAME}={good}": 200,
        f"{NAME}=": 401,
        f"better-auth.session_data={good}": 401,
    }
    answers = {header: await sharing.get("/api/me", headers={"Cookie": header}) for header in headers}
    assert {header: answer.status_code for header, answer in answers.items()} == headers
    both = [("Cookie", "a=b"), ("Cookie", f"{NAME}={good}")]
    assert (await sharing.get("/api/me", headers=both)).status_code == 200


@pytest.mark.spec("BETTER-007")
async def test_the_cookie_may_have_another_name(
    connection: asyncpg.Connection, settings: Settings, token: str
) -> None:
    shared = configured(USUAL, better_auth_cookie="my-app.sid")
    async with serving(settings.model_copy(update=shared), connection) as client:
        named = await client.get("/api/me", headers=cookie(token, SECRET, name="__Secure-my-app.sid"))
        usual = await client.get("/api/me", headers=cookie(token, SECRET))
    assert named.status_code == 200
    assert_refused(usual, told=MISSING)


@pytest.mark.spec("BETTER-007")
async def test_a_bearer_token_counts_before_a_cookie_also_when_it_is_refused(
    sharing: httpx2.AsyncClient, token: str, ada: Person
) -> None:
    own = {"Authorization": ada.client.headers["Authorization"]}
    by_both = await sharing.get("/api/me", headers=own | cookie(token, SECRET))
    assert by_both.json()["id"] == ada.user_id
    # A page can send no such header by itself, so that it needs no origin.
    created = await sharing.post(
        "/api/tasks", json={"title": "Pay rent"}, headers=own | cookie(token, SECRET)
    )
    assert created.status_code == 201
    assert_refused(await sharing.get("/api/me", headers=bearer("a.b.c") | cookie(token, SECRET)))
    assert_refused(
        await sharing.get("/api/me", headers={"Authorization": "Bearer "} | cookie(token, SECRET)),
        told=MISSING,
    )
    basic = {"Authorization": "Basic YTpi"}
    assert (await sharing.get("/api/me", headers=basic | cookie(token, SECRET))).status_code == 200


# Of pages by which nothing may be changed.
FOREIGN = [
    *("", "null", "*", "https://evil.example", f"{PAGE}.evil.example", f"{PAGE}/", f"{PAGE}:8443"),
    *(
        "http://app.example.com",
        "https://sub.app.example.com",
        "https://APP.example.com",
        f"{PAGE}, {ORIGIN}",
    ),
    *("http://evilagendum.test", "http://agendum.test.evil.example", "://", "http://"),
]


@pytest.mark.spec("BETTER-008")
async def test_a_page_of_an_unknown_origin_changes_nothing_by_a_cookie(
    sharing: httpx2.AsyncClient, token: str
) -> None:
    """S27, and S26 for cookies."""
    for origin in FOREIGN:
        headers = cookie(token, SECRET) | {"Origin": origin}
        answer = await sharing.post("/api/tasks", json={"title": "Pay rent"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "FOREIGN_ORIGIN"), origin
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await sharing.get("/api/tasks", headers=headers)).json()["total"] == 0


@pytest.mark.spec("BETTER-008")
async def test_a_page_of_a_known_origin_may_change_something_by_a_cookie(
    sharing: httpx2.AsyncClient, token: str
) -> None:
    for origin in (PAGE, ORIGIN, "http://agendum.test", "https://agendum.test"):
        headers = cookie(token, SECRET) | {"Origin": origin}
        answer = await sharing.post("/api/tasks", json={"title": "Pay rent"}, headers=headers)
        assert answer.status_code == 201, origin


@pytest.mark.spec("BETTER-008")
async def test_every_method_that_changes_something_needs_an_origin(
    sharing: httpx2.AsyncClient, token: str
) -> None:
    kind, page = {"Content-Type": "application/json"}, {"Origin": PAGE}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        path = "/api/tasks" if method == "POST" else "/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
        body = b"" if method == "DELETE" else b"{}"
        for headers in (cookie(token, SECRET), cookie(token, "another secret")):
            refused = await sharing.request(method, path, content=body, headers=kind | headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "FOREIGN_ORIGIN"), method
        known = kind | cookie(token, SECRET) | page
        heard = await sharing.request(method, path, content=body, headers=known)
        assert heard.status_code in (404, 422), method


@pytest.mark.spec("BETTER-008")
async def test_what_a_form_can_send_is_refused(sharing: httpx2.AsyncClient, token: str) -> None:
    """S27: a form of a page that may ask still sends nothing that is taken."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = cookie(token, SECRET) | {"Origin": PAGE, "Content-Type": kind}
        answer = await sharing.post("/api/tasks", content=b'{"title": "Pay rent"}', headers=headers)
        assert answer.status_code == 415


@pytest.mark.spec("BETTER-009")
@pytest.mark.parametrize("allowed", [True, False])
async def test_cookies_from_another_origin_are_allowed_only_by_the_setting(
    settings: Settings, connection: asyncpg.Connection, *, allowed: bool
) -> None:
    """S26: 12 origins, of which one is reflected, and with credentials never as `*`."""
    foreign = [
        *("null", "*", "https://evil.example", f"{PAGE}.evil.example", f"https://x{PAGE[8:]}", f"{PAGE}:444"),
        *(
            "http://app.example.com",
            f"{PAGE}/",
            "https://a.app.example.com",
            PAGE.upper(),
            "https://app.exam",
        ),
    ]
    more = {"cors_origins": (PAGE,), "cors_credentials": allowed}
    async with serving(settings.model_copy(update=more), connection) as client:
        for origin in (PAGE, *foreign):
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            for answer in (
                await client.options("/api/tasks", headers=asked),
                await client.get("/health/live", headers={"Origin": origin}),
            ):
                told = answer.headers.get("Access-Control-Allow-Origin")
                assert told == (PAGE if origin == PAGE else None), origin
                # Without an origin that is allowed beside it, it says nothing to a browser.
                credentials = told and answer.headers.get("Access-Control-Allow-Credentials")
                assert credentials == ("true" if allowed and origin == PAGE else None), origin
                assert allowed or "Access-Control-Allow-Credentials" not in answer.headers
                assert "Origin" in answer.headers["Vary"]


@pytest.mark.spec("BETTER-002", "BETTER-007")
async def test_hostile_cookies_are_refused_and_make_nobody(
    sharing: httpx2.AsyncClient, token: str, connection: asyncpg.Connection
) -> None:
    good = signed(token, SECRET)
    before = await count_rows(connection)
    for value in (
        *("x", ".", "..", "a.b", "%", "%%", "%zz", "%00", "%ff%fe", "%u0041", '"', "null", "[object Object]"),
        *(token, good.rpartition(".")[0] + ".", "." + good.rpartition(".")[2], good[:-4] + "!!!="),
        *(quote(good + "\0"), quote("\0" + good), good + "%0a", good.replace("=", "%3D%3D")),
        *("x" * 60_000, "%41" * 20_000, "." * 60_000, "a." + "A" * 60_000, written(token, "wrong secret")),
        *(
            quote("ü" * 32 + "." + "A" * 43 + "="),
            quote("\u202e" + good),
            written("'; drop table session; --"),
        ),
        *(written("0" * 300), written("a.b"), quote(written(token)), "eyJhbGciOiJub25lIn0.e30."),
    ):
        answer = await sharing.get("/api/me", headers={"Cookie": f"{NAME}={value}"})
        assert answer.status_code == 401, value[:100]
    raw = await sharing.get("/api/me", headers={b"Cookie": NAME.encode() + b"=\xff\xfe\x80.\xc3\xbc"})
    assert_refused(raw)
    assert await count_rows(connection) == before


async def test_a_token_of_ours_is_no_session_cookie(sharing: httpx2.AsyncClient, ada: Person) -> None:
    """S12: one kind of credential in the place of another."""
    own = ada.client.headers["Authorization"].removeprefix("Bearer ")
    assert_refused(await sharing.get("/api/me", headers={"Cookie": f"{NAME}={own}"}))


async def test_what_is_remembered_of_a_bearer_token_is_not_believed_of_a_cookie(
    sharing: httpx2.AsyncClient, token: str
) -> None:
    good = signed(token, SECRET)
    assert (await sharing.get("/api/me", headers=bearer(good))).status_code == 200
    answer = await sharing.post("/api/tasks", json={"title": "x"}, headers={"Cookie": f"{NAME}={good}"})
    assert answer.json()["code"] == "FOREIGN_ORIGIN"


def test_the_first_cookie_of_a_name_is_read() -> None:
    assert read_cookies('a=1; a=2; b="3"; c') == {"a": "1", "b": "3", "c": ""}
