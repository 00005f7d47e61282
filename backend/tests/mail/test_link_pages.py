"""The pages to which links lead: a person needs no front end, and who only looks uses nothing up."""

import re

import httpx2
import pytest
from structlog.testing import capture_logs

from app.config import Registration
from app.services import invitations
from tests.mail.post import ADA, NEW_PASSWORD, PUBLIC, Post, set_registration, text_of

PAGES = ["/auth/links/verify-email", "/auth/links/password-reset", "/auth/links/invitation"]
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


async def link(post: Post) -> str:
    """Return the address, within the service, that the one mail leads to."""
    [mail] = await post.collect()
    [address] = re.findall(rf"{PUBLIC}(\S+)", text_of(mail).replace(f"{PUBLIC}.", ""))[-1:]
    return str(address)


async def fill_in(post: Post, address: str, **fields: str) -> httpx2.Response:
    """Open a page, fill its form in, and send it as a browser does."""
    shown = await post.client.get(address)
    assert shown.status_code == 200
    [(name, value)] = _HIDDEN.findall(shown.text)
    return await post.client.post(address, data={name: value, **fields})


@pytest.mark.spec("MAIL-020", "USER-037")
async def test_an_address_is_confirmed_by_a_button(post: Post) -> None:
    await post.register()
    address = await link(post)
    for _ in range(3):
        assert (await post.client.get(address)).status_code == 200
        assert (await post.client.head(address)).status_code == 405
    done = await fill_in(post, address)
    assert (done.status_code, "is confirmed" in done.text) == (200, True)
    again = await fill_in(post, address)
    assert (again.status_code, "The link is not good any more" in again.text) == (200, True)


@pytest.mark.spec("MAIL-020", "MAIL-021", "USER-035")
async def test_a_password_is_set_on_a_page(registered: Post) -> None:
    await registered.client.post("/auth/password-reset", json={"email": ADA["email"]})
    address = await link(registered)
    short = await fill_in(registered, address, password="x")
    assert (short.status_code, "password: must have at least" in short.text) == (200, True)
    done = await fill_in(registered, address, password=NEW_PASSWORD)
    assert (done.status_code, done.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (await registered.log_in(password=NEW_PASSWORD)).status_code == 200


@pytest.mark.spec("MAIL-020", "USER-045")
async def test_who_is_invited_registers_on_a_page(post: Post) -> None:
    set_registration(post, Registration.INVITATION)
    runtime = post.runtime
    await invitations.invite(runtime.identity, ADA["email"], mailing=runtime.mailing, now=post.now())
    done = await fill_in(post, await link(post), **ADA)
    assert (done.status_code, "You are registered" in done.text) == (200, True)
    assert (await post.log_in()).status_code == 200


@pytest.mark.spec("MAIL-020")
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_shows_a_token_as_text_and_leads_nowhere(client: httpx2.AsyncClient, page: str) -> None:
    hostile = '"><script>alert(1)</script>'
    with capture_logs() as logs:
        shown = await client.get(page, params={"token": hostile})
    assert hostile not in shown.text
    assert [value for _name, value in _HIDDEN.findall(shown.text)] == [
        "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    ]
    policy = shown.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert (shown.headers["Referrer-Policy"], shown.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "<script" not in shown.text
    assert "alert" not in str(logs)


@pytest.mark.spec("MAIL-020")
@pytest.mark.parametrize("page", PAGES)
async def test_what_is_no_form_of_ours_is_refused(client: httpx2.AsyncClient, page: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = [
        (b'{"token": "x"}', {"Content-Type": "application/json"}, 415),
        (b"token=x", {}, 415),
        (b"x" * (16 * 1024 + 1), form, 413),
        (b"&".join([b"a=b"] * 11), form, 400),
        (b"token=%ff", form, 400),
        (b"token=\xff", form, 400),
        (b"", form, 200),
        (b"token=x&token=y&role=admin", form, 200),
    ]
    answers = [await client.post(page, content=body, headers=headers) for body, headers, _status in sent]
    assert [answer.status_code for answer in answers] == [status for _body, _headers, status in sent]
    assert all("That did not work" in answer.text for answer in answers if answer.is_success)


@pytest.mark.spec("MAIL-020")
async def test_a_token_that_is_too_long_for_one_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.get(PAGES[0], params={"token": "x" * 201})).status_code == 422
    assert (await client.get(PAGES[0])).status_code == 200
