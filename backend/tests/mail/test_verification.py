"""Whose an e-mail is: the mail after registering, the one that is asked for, and another e-mail in its place."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.api.rows import fetch
from tests.mail.post import ADA, Post, add_ada, text_of

VERIFY, CHANGE = "/auth/verify-email", "/auth/email"
NEW = {"email": "ada@example.org", "password": ADA["password"]}
USELESS = (422, "LINK_INVALID")


async def verified(post: Post, token: str) -> tuple[int, str | None]:
    answer = await post.client.post(VERIFY, json={"token": token})
    return answer.status_code, answer.json()["code"] if answer.content else None


async def account(connection: asyncpg.Connection) -> dict[str, Any]:
    [row] = await fetch(
        connection,
        "SELECT email, email_folded, own_fields, email_verified_at IS NOT NULL AS is_verified"
        " FROM agendum.account WHERE name = 'Ada'",
    )
    return row


async def wanted(post: Post, caller: dict[str, str], **changes: Any) -> tuple[int, str | None]:
    answer = await post.client.post(CHANGE, json=NEW | changes, headers=caller)
    return answer.status_code, answer.json().get("code")


@pytest.mark.spec("USER-036", "USER-037", "MAIL-001")
async def test_registering_sends_a_link_that_verifies_the_address(
    post: Post, connection: asyncpg.Connection
) -> None:
    await post.register()
    assert not (await account(connection))["is_verified"]
    token = await post.token()
    post.late = timedelta(hours=23)
    assert await verified(post, token) == (204, None)
    assert (await account(connection))["is_verified"]
    assert await verified(post, token) == USELESS


@pytest.mark.spec("USER-036")
async def test_after_a_day_the_link_is_void(post: Post) -> None:
    await post.register()
    token = await post.token()
    post.late = timedelta(hours=24, seconds=1)
    assert await verified(post, token) == USELESS


@pytest.mark.spec("USER-036", "MAIL-001")
async def test_a_registration_that_is_refused_sends_nothing(registered: Post) -> None:
    assert (await registered.register(email="ADA@example.com")).status_code == 409
    assert await registered.collect() == []


@pytest.mark.spec("USER-038")
async def test_a_link_that_is_asked_for_takes_the_place_of_the_one_before(post: Post) -> None:
    await post.register()
    first, caller = await post.token(), await post.caller()
    answer = await post.client.post(f"{VERIFY}/send", headers=caller)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    second = await post.token()
    assert [await verified(post, token) for token in (first, second)] == [USELESS, (204, None)]


@pytest.mark.spec("USER-039", "USER-040", "USER-010")
async def test_a_new_address_takes_the_place_of_the_old_one_once_it_is_confirmed(
    registered: Post, connection: asyncpg.Connection
) -> None:
    """S25: the old address is told."""
    caller = await registered.caller()
    assert await wanted(registered, caller, email="ADA@Example.org") == (202, None)
    [mail] = await registered.collect()
    assert (mail.recipient, (await account(connection))["email"]) == ("ADA@example.org", ADA["email"])
    token = text_of(mail).partition("?token=")[2].split()[0]
    assert await verified(registered, token) == (204, None)
    assert await account(connection) == {
        "email": "ADA@example.org",
        "email_folded": "ada@example.org",
        "own_fields": ["email"],
        "is_verified": True,
    }
    [notice] = await registered.collect()
    assert (notice.recipient, "example.org" in str(notice.message)) == (ADA["email"], False)
    assert (await registered.log_in(email="ada@example.org")).status_code == 200
    assert (await registered.log_in()).status_code == 401
    assert await verified(registered, token) == USELESS


@pytest.mark.spec("USER-039")
async def test_another_address_takes_the_password_anew(registered: Post) -> None:
    """S25."""
    caller = await registered.caller()
    assert await wanted(registered, caller, password="wrong horse battery") == (401, "WRONG_CREDENTIALS")
    assert await wanted(registered, {}) == (401, "UNAUTHENTICATED")
    assert await registered.collect() == []


@pytest.mark.spec("USER-039", "USER-040")
async def test_that_an_address_is_taken_is_told_to_nobody_but_its_owner(
    registered: Post, connection: asyncpg.Connection
) -> None:
    """S16."""
    assert (await registered.register(email="ada@example.org", name="Other")).status_code == 201
    await registered.collect()
    assert await wanted(registered, await registered.caller()) == (202, None)
    token = await registered.token()
    assert await verified(registered, token) == (409, "EMAIL_TAKEN")
    assert (await account(connection))["email"] == ADA["email"]
    await fetch(connection, "UPDATE agendum.account SET email = 'x', email_folded = 'x' WHERE name = 'Other'")
    assert await verified(registered, token) == (204, None)


@pytest.mark.spec("USER-040")
async def test_with_a_new_address_the_links_to_the_old_one_are_void(registered: Post) -> None:
    caller = await registered.caller()
    await registered.client.post("/auth/password-reset", json={"email": ADA["email"]})
    reset = await registered.token()
    await wanted(registered, caller)
    assert await verified(registered, await registered.token()) == (204, None)
    body = {"token": reset, "password": "another horse battery"}
    refused = await registered.client.post("/auth/password-reset/confirm", json=body)
    assert (refused.status_code, refused.json()["code"]) == USELESS


@pytest.mark.spec("USER-037")
async def test_a_link_to_an_address_that_was_changed_since_verifies_nothing(
    registered: Post, connection: asyncpg.Connection
) -> None:
    caller = await registered.caller()
    await registered.client.post(f"{VERIFY}/send", headers=caller)
    token = await registered.token()
    await fetch(connection, "UPDATE agendum.account SET email = 'ada@example.net'")
    assert await verified(registered, token) == USELESS
    assert not (await account(connection))["is_verified"]


@pytest.mark.spec("USER-040")
async def test_a_link_that_is_followed_twice_at_once_is_followed_once(own_post: Post) -> None:
    await add_ada(own_post)
    await wanted(own_post, await own_post.caller())
    token = await own_post.token()
    told = await asyncio.gather(*(verified(own_post, token) for _ in range(5)))
    assert sorted(told, key=str) == [(204, None)] + [USELESS] * 4
