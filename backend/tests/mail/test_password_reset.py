"""A new password by mail: once, for an hour, and without telling who is registered."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.config import Registration
from tests.api.rows import fetch
from tests.mail.post import ADA, NEW_PASSWORD, PUBLIC, Post, add_ada, set_registration, text_of

ASK, CONFIRM = "/auth/password-reset", "/auth/password-reset/confirm"


async def asked(post: Post, email: str = ADA["email"]) -> str:
    """Ask for a new password, and return the token that came by mail."""
    assert (await post.client.post(ASK, json={"email": email})).status_code == 202
    return await post.token()


async def confirmed(post: Post, token: str, password: str = NEW_PASSWORD) -> tuple[int, str | None]:
    answer = await post.client.post(CONFIRM, json={"token": token, "password": password})
    return answer.status_code, answer.json()["code"] if answer.content else None


USELESS = (422, "LINK_INVALID")


@pytest.mark.spec("USER-031", "USER-034", "USER-035")
async def test_a_new_password_takes_the_place_of_the_old_one(registered: Post) -> None:
    assert await confirmed(registered, await asked(registered, "ADA@example.com")) == (204, None)
    assert (await registered.log_in()).status_code == 401
    assert (await registered.log_in(password=NEW_PASSWORD)).status_code == 200
    [notice] = await registered.collect()
    assert (notice.recipient, notice.message["Subject"]) == (ADA["email"], "Your password was changed")


@pytest.mark.spec("USER-034")
async def test_a_token_is_good_once_and_a_refused_password_does_not_use_it_up(registered: Post) -> None:
    """S24."""
    token = await asked(registered)
    assert await confirmed(registered, token, "short") == (422, "VALIDATION_ERROR")
    assert await confirmed(registered, token, ADA["email"]) == (422, "VALIDATION_ERROR")
    assert await confirmed(registered, token) == (204, None)
    assert await confirmed(registered, token, "a third horse battery") == USELESS
    assert (await registered.log_in(password=NEW_PASSWORD)).status_code == 200


@pytest.mark.spec("USER-034")
@pytest.mark.parametrize(("late", "told"), [(3599, (204, None)), (3600, USELESS)])
async def test_a_token_is_good_for_an_hour_from_its_first_delivery(
    registered: Post, late: int, told: tuple[int, str | None]
) -> None:
    """S24."""
    await registered.client.post(ASK, json={"email": ADA["email"]})
    # The mail server was away for a day.
    registered.late = timedelta(days=1)
    token = await registered.token()
    # A moment passes between the two.
    registered.late += timedelta(seconds=late - 0.5) if late < 3600 else timedelta(seconds=late)
    assert await confirmed(registered, token) == told


@pytest.mark.spec("USER-034")
async def test_a_new_link_ends_the_old_one_and_is_the_only_one_that_is_sent(registered: Post) -> None:
    """S24."""
    first = await asked(registered)
    second = await asked(registered)
    assert await confirmed(registered, first) == USELESS
    for _ in range(3):
        await registered.client.post(ASK, json={"email": ADA["email"]})
    third = await registered.token()
    assert await confirmed(registered, second) == USELESS
    assert await confirmed(registered, third) == (204, None)


@pytest.mark.spec("USER-035")
async def test_everybody_who_was_signed_in_is_signed_out(registered: Post) -> None:
    """S24."""
    caller = await registered.caller()
    assert (await registered.client.get("/api/me", headers=caller)).status_code == 200
    await confirmed(registered, await asked(registered))
    registered.runtime.callers._entries.clear()
    refused = await registered.client.get("/api/me", headers=caller)
    assert (refused.status_code, refused.json()["code"]) == (401, "INVALID_TOKEN")
    registered.late = timedelta(seconds=1)
    later = await registered.caller(password=NEW_PASSWORD)
    assert (await registered.client.get("/api/me", headers=later)).status_code == 200


@pytest.mark.spec("USER-035")
async def test_other_links_of_the_person_end_with_the_old_password(registered: Post) -> None:
    caller = await registered.caller()
    change = {"email": "thief@example.com", "password": ADA["password"]}
    assert (await registered.client.post("/auth/email", json=change, headers=caller)).status_code == 202
    stolen = await registered.token()
    await confirmed(registered, await asked(registered))
    refused = await registered.client.post("/auth/verify-email", json={"token": stolen})
    assert (refused.status_code, refused.json()["code"]) == USELESS


@pytest.mark.spec("USER-035", "USER-037")
async def test_who_gets_the_mail_has_proved_the_address(
    registered: Post, connection: asyncpg.Connection
) -> None:
    await confirmed(registered, await asked(registered))
    [account] = await fetch(
        connection, "SELECT email_verified_at IS NOT NULL AS is_verified FROM agendum.account"
    )
    assert account["is_verified"]


@pytest.mark.spec("USER-031", "USER-032", "USER-033")
@pytest.mark.parametrize("who", ["nobody", "disabled", "gone"])
async def test_who_is_unknown_or_disabled_is_answered_alike_and_gets_no_mail(
    registered: Post, connection: asyncpg.Connection, who: str
) -> None:
    """S16."""
    known = await registered.client.post(ASK, json={"email": ADA["email"]})
    await registered.collect()
    if who == "nobody":
        await fetch(connection, "UPDATE agendum.account SET email_folded = 'x', email = 'x'")
    else:
        column = "disabled_at" if who == "disabled" else "deleted_at"
        await fetch(connection, f"UPDATE agendum.account SET {column} = now()")
    other = await registered.client.post(ASK, json={"email": ADA["email"]})
    differing = {"x-request-id"}
    told = [
        (
            answer.status_code,
            answer.content,
            [pair for pair in answer.headers.items() if pair[0] not in differing],
        )
        for answer in (known, other)
    ]
    assert told[0] == told[1] == (202, b'{"status":"accepted"}', told[0][2])
    assert await registered.collect() == []


@pytest.mark.spec("USER-032")
async def test_an_unknown_address_costs_the_database_as_much(
    own_post: Post, witness: asyncpg.Connection
) -> None:
    """S17."""
    await add_ada(own_post)
    costs = []
    for email in (ADA["email"], "nobody@example.com"):
        before = await witness.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        await own_post.client.post(ASK, json={"email": email})
        after = await witness.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        costs.append(after > before)
    # Both have a transaction that is written down, for which the disk is waited.
    assert costs == [True, True]


@pytest.mark.spec("USER-033")
async def test_who_was_disabled_since_gets_no_mail_and_sets_no_password(
    registered: Post, connection: asyncpg.Connection
) -> None:
    token = await asked(registered)
    await registered.client.post(ASK, json={"email": ADA["email"]})
    await fetch(connection, "UPDATE agendum.account SET disabled_at = now()")
    assert await registered.collect() == []
    assert await confirmed(registered, token) == USELESS
    [mail] = await fetch(connection, "SELECT failure FROM agendum.mail WHERE failure IS NOT NULL")
    assert mail["failure"] == "disabled"


@pytest.mark.spec("USER-034", "MAIL-004")
async def test_a_token_that_was_not_sent_is_refused(registered: Post) -> None:
    token = await asked(registered)
    first, last = (("B" if letter == "A" else "A") for letter in (token[0], token[-1]))
    spoilt: list[Any] = ["", "x", token[:-1], token + "A", first + token[1:], token[:-1] + last, token + "="]
    spoilt += ["ä" * 64, "x" * 201, "x" * 100_000, None, 5, [token]]
    statuses = [(await confirmed(registered, one))[0] for one in spoilt]
    assert statuses == [413 if one == "x" * 100_000 else 422 for one in spoilt]
    assert (await registered.log_in()).status_code == 200


@pytest.mark.spec("MAIL-004")
async def test_a_token_is_good_for_its_purpose_alone(post: Post) -> None:
    """S12."""
    await post.register()
    verification = await post.token()
    assert await confirmed(post, verification) == USELESS
    reset = await asked(post)
    answer = await post.client.post("/auth/verify-email", json={"token": reset})
    assert (answer.status_code, answer.json()["code"]) == USELESS
    set_registration(post, Registration.INVITATION)
    refused = await post.register(email="eve@example.com", invitation=reset)
    assert refused.json()["code"] == "INVITATION_REQUIRED"


@pytest.mark.spec("MAIL-004", "MAIL-006")
async def test_what_the_database_holds_lets_nobody_in(
    registered: Post, connection: asyncpg.Connection
) -> None:
    token = await asked(registered)
    rows = await fetch(
        connection,
        "SELECT row_to_json(m)::text AS kept FROM agendum.mail m"
        " UNION ALL SELECT row_to_json(t)::text FROM agendum.mailed_token t",
    )
    kept = " ".join(row["kept"] for row in rows)
    assert token not in kept
    assert ADA["name"] not in kept


@pytest.mark.spec("USER-031", "MAIL-005")
async def test_the_mail_has_the_link_and_nothing_that_somebody_chose(registered: Post) -> None:
    await registered.client.post(ASK, json={"email": ADA["email"]})
    [mail] = await registered.collect()
    assert f"{PUBLIC}/auth/links/password-reset?token=" in text_of(mail)
    assert ADA["name"] not in str(mail.message)
