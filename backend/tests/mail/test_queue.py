"""The queue: a mail server that is away delays and loses nothing, and several who send send each mail once."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.repositories.outgoing_mail import NewMail
from app.services import invitations, mail_queue
from app.utils.carriers import NotNowError
from app.workers import mail
from app.workers.housekeeping import tidy
from tests.api.rows import fetch
from tests.mail.listener import Listener, listening
from tests.mail.post import ADA, Post, add_ada, posted

ASK = "/auth/password-reset"


async def queue(post: Post, user_id: str, number: int = 1, *, template: str = "password_changed") -> None:
    """Queue mail about nothing that a link is needed for."""
    async with post.runtime.identity.open_register() as directory:
        for count in range(number):
            about = NewMail(user_id, template, f"ada{count}@example.com", {})
            await directory.tokens.notify(about, mail_id=uuid4(), now=post.now())


async def kept(connection: asyncpg.Connection) -> dict[str, Any]:
    [row] = await fetch(
        connection,
        "SELECT attempts, failure, sent_at IS NOT NULL AS is_sent, next_attempt_at IS NOT NULL AS is_waiting"
        " FROM agendum.mail",
    )
    return row


class Counting:
    """Takes mail, slowly, and counts it."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def carry(self, message: EmailMessage, *, recipient: str) -> None:
        """Take a message."""
        await asyncio.sleep(0.01)
        self.ids.append(f"{message['Message-ID']} {recipient}")


class Refusing:
    """Takes no mail now."""

    async def carry(self, message: EmailMessage, *, recipient: str) -> None:  # noqa: ARG002 (a carrier's)
        """Refuse a message."""
        raise NotNowError("connection")


@pytest.mark.spec("MAIL-003", "MAIL-007", "MAIL-011")
async def test_a_server_that_is_away_delays_and_loses_nothing(
    registered: Post, connection: asyncpg.Connection
) -> None:
    async with listening(Listener()) as free:
        gone = posted(registered.runtime, free.port, clock=registered.now)
    there = registered.runtime
    await registered.client.post(ASK, json={"email": ADA["email"]})
    registered.app.state.runtime = gone
    wait = await registered.deliver()
    assert 20 < wait < 40
    expected = {"attempts": 1, "failure": "connection", "is_sent": False, "is_waiting": True}
    assert await kept(connection) == expected
    registered.app.state.runtime = there
    assert await registered.collect() == []
    registered.late = timedelta(seconds=40)
    [came] = await registered.collect()
    assert came.recipient == ADA["email"]
    assert await kept(connection) == {"attempts": 2, "failure": None, "is_sent": True, "is_waiting": False}


@pytest.mark.spec("MAIL-007")
async def test_attempts_become_rarer_and_end_after_three_days(
    registered: Post, connection: asyncpg.Connection
) -> None:
    await registered.client.post(ASK, json={"email": ADA["email"]})
    waits = []
    for _ in range(9):
        waits.append(await registered.deliver(carrier=Refusing()))
        registered.late += timedelta(seconds=waits[-1] + 0.1)
    assert all(30 * 2**place * 0.7 < wait < 30 * 2**place * 1.3 for place, wait in enumerate(waits[:7]))
    assert 2600 < waits[8] < 4600
    for late, is_waiting in ((timedelta(days=3, minutes=-1), True), (timedelta(days=3, hours=2), False)):
        registered.late = late
        await registered.deliver(carrier=Refusing())
        row = await kept(connection)
        assert (row["failure"], row["is_sent"], row["is_waiting"]) == (
            "connection" if is_waiting else "expired",
            False,
            is_waiting,
        )


@pytest.mark.spec("MAIL-007", "MAIL-008")
@pytest.mark.parametrize("verb", ["RCPT", "MESSAGE"])
@pytest.mark.parametrize("told", [(451, "mail postponed", True), (550, "mail failed", False)])
async def test_what_a_server_refuses_is_tried_again_or_never_and_told_without_the_address(
    registered: Post, connection: asyncpg.Connection, verb: str, told: tuple[int, str, bool]
) -> None:
    code, event, waits = told
    refusal = f"{code} 5.0.0 <{ADA['email']}> is not wanted".encode()
    registered.listener.answer = lambda command: refusal if command == verb else None
    await registered.client.post(ASK, json={"email": ADA["email"]})
    with capture_logs() as logs:
        assert await registered.collect() == []
    row = await kept(connection)
    assert (row["failure"], row["is_waiting"]) == (f"refused_{code}", waits)
    assert [(entry["event"], entry["reason"]) for entry in logs] == [(event, f"refused_{code}")]
    assert ADA["email"] not in str(logs)


@pytest.mark.spec("MAIL-011")
@pytest.mark.parametrize(
    "told",
    [
        ("CONNECT", b"554 5.3.2 go away", "refused_554"),
        ("MAIL", b"550 5.7.1 not from you", "refused_550"),
        ("MAIL", b"", "connection"),
        ("DATA", b"", "connection"),
        ("MESSAGE", b"", "connection"),
    ],
)
async def test_what_is_no_refusal_of_the_mail_is_tried_again(
    registered: Post, connection: asyncpg.Connection, told: tuple[str, bytes, str]
) -> None:
    verb, reply, reason = told
    registered.listener.answer = lambda command: reply if command == verb else None
    await registered.client.post(ASK, json={"email": ADA["email"]})
    await registered.deliver()
    row = await kept(connection)
    assert (row["failure"], row["is_waiting"], row["is_sent"]) == (reason, True, False)


@pytest.mark.spec("MAIL-011")
async def test_a_farewell_that_fails_does_not_send_a_mail_twice(
    registered: Post, connection: asyncpg.Connection
) -> None:
    registered.listener.answer = lambda command: b"" if command == "QUIT" else None
    await registered.client.post(ASK, json={"email": ADA["email"]})
    assert len(await registered.collect()) == 1
    assert (await kept(connection))["is_sent"]


@pytest.mark.spec("MAIL-003", "USER-034")
async def test_who_is_killed_before_it_notes_what_it_sent_has_it_sent_again_alike(
    own_post: Post, witness: asyncpg.Connection
) -> None:
    await add_ada(own_post)
    await own_post.client.post(ASK, json={"email": ADA["email"]})
    sending = asyncio.create_task(own_post.deliver())
    own_post.listener.taken = sending.cancel
    await asyncio.wait([sending])
    own_post.listener.taken = bool
    assert (sending.cancelled(), len(own_post.listener.mail)) == (True, 1)
    row = await kept(witness)
    assert (row["is_sent"], row["is_waiting"]) == (False, True)
    assert await own_post.deliver() > 100
    own_post.late = mail_queue.LEASE + timedelta(seconds=1)
    await own_post.deliver()
    first, second = own_post.listener.mail
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message.get_content() == second.message.get_content()
    assert (await kept(witness))["is_sent"]


@pytest.mark.spec("MAIL-002")
async def test_several_who_send_at_once_send_each_mail_once(own_post: Post) -> None:
    await queue(own_post, await add_ada(own_post), 40)
    taker = Counting()
    others = [replace(own_post.runtime) for _ in range(4)]
    await asyncio.gather(*(mail.send_due(runtime, taker) for runtime in others))
    # Who found everything taken looks again; whoever has the rest sends it.
    assert (len(taker.ids), len(set(taker.ids))) == (40, 40)


@pytest.mark.spec("MAIL-001")
async def test_what_is_rolled_back_sends_nothing(own_post: Post, witness: asyncpg.Connection) -> None:
    user_id = await add_ada(own_post)
    about = NewMail(user_id, "password_changed", ADA["email"], {})
    with suppress(LookupError):
        async with own_post.runtime.identity.open_register() as directory:
            await directory.tokens.notify(about, mail_id=uuid4(), now=own_post.now())
            raise LookupError
    assert await fetch(witness, "SELECT id FROM agendum.mail") == []


@pytest.mark.spec("MAIL-005")
async def test_a_template_of_a_newer_release_is_left_to_it_and_holds_up_nothing(
    own_post: Post, witness: asyncpg.Connection
) -> None:
    user_id = await add_ada(own_post)
    await queue(own_post, user_id, template="of tomorrow")
    await queue(own_post, user_id)
    assert len(await own_post.collect()) == 1
    [left] = await fetch(witness, "SELECT failure FROM agendum.mail WHERE next_attempt_at IS NOT NULL")
    assert left["failure"] == "template"


@pytest.mark.spec("MAIL-007")
async def test_a_mail_that_is_too_old_when_it_is_taken_is_not_sent(
    registered: Post, connection: asyncpg.Connection
) -> None:
    await registered.client.post(ASK, json={"email": ADA["email"]})
    registered.late = timedelta(days=3, hours=1)
    assert await registered.collect() == []
    assert await kept(connection) == {
        "attempts": 1,
        "failure": "expired",
        "is_sent": False,
        "is_waiting": False,
    }
    assert await fetch(connection, "SELECT id FROM agendum.mailed_token WHERE expires_at IS NOT NULL") == []


@pytest.mark.spec("MAIL-005")
async def test_a_mail_that_cannot_be_read_ends_and_holds_up_nothing(
    own_post: Post, witness: asyncpg.Connection
) -> None:
    user_id = await add_ada(own_post)
    await queue(own_post, user_id, template="reset_password")
    assert await own_post.collect() == []
    assert (await kept(witness))["failure"] == "template"
    assert not (await kept(witness))["is_waiting"]


@pytest.mark.spec("MAIL-009")
async def test_the_service_sends_what_it_has_queued_at_once(own_post: Post) -> None:
    await add_ada(own_post)
    came = asyncio.Event()
    own_post.listener.taken = came.set
    async with mail.running(own_post.runtime), asyncio.timeout(30):
        for _ in range(2):
            await own_post.client.post(ASK, json={"email": ADA["email"]})
            await came.wait()
            came.clear()
    assert not [task for task in asyncio.all_tasks() if "_keep_sending" in repr(task)]


@pytest.mark.spec("MAIL-009")
async def test_a_service_that_starts_sends_what_another_has_left(
    own_post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_FIRST", (0.0, 0.0))
    await queue(own_post, await add_ada(own_post))
    came = asyncio.Event()
    own_post.listener.taken = came.set
    async with mail.running(own_post.runtime), asyncio.timeout(30):
        await came.wait()
    assert [one.recipient for one in own_post.listener.mail] == ["ada0@example.com"]


@pytest.mark.spec("MAIL-009")
async def test_where_nothing_waits_the_database_is_left_asleep(post: Post) -> None:
    assert 3400 <= await post.deliver() <= 3800


@pytest.mark.spec("MAIL-009")
async def test_a_database_that_is_away_is_a_warning_and_no_end(own_post: Post) -> None:
    await own_post.runtime.database.close()
    with capture_logs() as logs:
        assert await own_post.deliver() == 30
    await own_post.runtime.database.open()
    assert [entry["event"] for entry in logs] == ["mail could not be looked at"]


@pytest.mark.spec("MAIL-015")
async def test_what_was_mailed_is_removed_after_ten_days(own_post: Post, witness: asyncpg.Connection) -> None:
    await own_post.register()
    await own_post.collect()
    await invitations.invite(
        own_post.runtime.identity, None, mailing=own_post.runtime.mailing, now=own_post.now()
    )
    counts = "SELECT (SELECT count(*) FROM agendum.mail) + (SELECT count(*) FROM agendum.mailed_token)"
    everything = f"{counts} + (SELECT count(*) FROM agendum.invitation) AS number"
    for days, number in ((9, 3), (11, 0)):
        await tidy(own_post.runtime.database, now=own_post.now() + timedelta(days=days))
        assert await fetch(witness, everything) == [{"number": number}]
