"""Who may register: anybody, whoever is invited, or nobody."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from app.config import Registration
from app.services import invitations
from app.services.invitations import Invited
from tests.mail.post import ADA, PUBLIC, Post, add_ada, set_registration, text_of


async def invited(post: Post, email: str | None = ADA["email"]) -> Invited:
    """Invite somebody."""
    set_registration(post, Registration.INVITATION)
    runtime = post.runtime
    return await invitations.invite(runtime.identity, email, mailing=runtime.mailing, now=post.now())


def told(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


NEEDED = (403, "INVITATION_REQUIRED")


@pytest.mark.spec("USER-044")
async def test_nobody_registers_where_that_is_closed(registered: Post) -> None:
    set_registration(registered, Registration.CLOSED)
    answers = [await registered.register(email=email) for email in (ADA["email"], "eve@example.com")]
    assert [told(answer) for answer in answers] == [(403, "REGISTRATION_CLOSED")] * 2
    assert (await registered.log_in()).status_code == 200


@pytest.mark.spec("USER-044")
async def test_who_is_not_invited_learns_nothing_of_an_address(registered: Post) -> None:
    """S16."""
    set_registration(registered, Registration.INVITATION)
    answers = [await registered.register(email=email) for email in (ADA["email"], "eve@example.com")]
    answers += [await registered.register(invitation="x" * 64)]
    assert [told(answer) for answer in answers] == [NEEDED] * 3


@pytest.mark.spec("USER-045")
async def test_an_invitation_is_good_once(post: Post) -> None:
    code = (await invited(post, None)).code
    assert (await post.register(invitation=code)).status_code == 201
    assert told(await post.register(invitation=code, email="eve@example.com")) == NEEDED


@pytest.mark.spec("USER-045")
async def test_an_invitation_is_good_for_its_address_alone(post: Post) -> None:
    code = (await invited(post)).code
    assert told(await post.register(invitation=code, email="eve@example.com")) == NEEDED
    assert (await post.register(invitation=code, email="ADA@example.com")).status_code == 201


@pytest.mark.spec("USER-045")
async def test_an_invitation_is_good_for_a_week(post: Post) -> None:
    code = (await invited(post)).code
    post.late = timedelta(days=7, seconds=1)
    assert told(await post.register(invitation=code)) == NEEDED
    post.late = timedelta(days=6)
    assert (await post.register(invitation=code)).status_code == 201


@pytest.mark.spec("USER-045")
async def test_a_registration_that_fails_does_not_use_an_invitation_up(registered: Post) -> None:
    code = (await invited(registered, None)).code
    assert told(await registered.register(invitation=code)) == (409, "EMAIL_TAKEN")
    assert (await registered.register(invitation=code, email="eve@example.com")).status_code == 201


@pytest.mark.spec("USER-045")
async def test_of_several_at_once_one_is_let_in_by_an_invitation(own_post: Post) -> None:
    code = (await invited(own_post, None)).code
    emails = [f"eve{number}@example.com" for number in range(5)]
    answers = await asyncio.gather(*(own_post.register(invitation=code, email=email) for email in emails))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 4


@pytest.mark.spec("USER-045", "MAIL-005")
async def test_who_is_invited_gets_a_mail_with_the_link(post: Post) -> None:
    made = await invited(post)
    [mail] = await post.collect()
    assert mail.recipient == ADA["email"]
    assert made.link in text_of(mail)
    assert made.link == f"{PUBLIC}/auth/links/invitation?token={made.code}"


@pytest.mark.spec("USER-044")
async def test_where_anybody_registers_an_invitation_is_used_up_and_a_bad_one_is_no_obstacle(
    post: Post,
) -> None:
    code = (await invited(post, None)).code
    set_registration(post, Registration.OPEN)
    assert (await post.register(invitation="x" * 64, email="bob@example.com")).status_code == 201
    assert (await post.register(invitation=code)).status_code == 201
    set_registration(post, Registration.INVITATION)
    assert told(await post.register(invitation=code, email="eve@example.com")) == NEEDED


@pytest.mark.spec("USER-045")
async def test_two_invitations_have_one_owner(own_post: Post) -> None:
    await add_ada(own_post)
    made = await asyncio.gather(*(invited(own_post, None) for _ in range(4)))
    assert len({one.code for one in made}) == 4
