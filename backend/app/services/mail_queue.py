"""What becomes of queued mail: who sends it, when it is tried again, and when no more. It sends nothing itself."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from random import Random
from typing import NamedTuple
from uuid import UUID

import orjson

from app.domain.letters import Occasion
from app.models.mail import MailKey, MailRow
from app.repositories.everybody import Survey
from app.repositories.unit_of_work import UnitOfWork
from app.services.identity import Identity
from app.services.mailing import LINKS, Mailing, compose
from app.utils.carriers import DeliveryError, NeverError, NotNowError

# How many are sent at once, and for how long one who sends has a mail alone: longer than any delivery may take.
AT_ONCE, LEASE = 8, timedelta(minutes=3)
# Until the second attempt, at most between two attempts, and from the first until there is no other.
_SOON, _SELDOM, _PATIENCE = timedelta(seconds=30), timedelta(hours=1), timedelta(days=3)


class Outgoing(NamedTuple):
    """A mail that we alone have now.

    Attributes:
        mail: The mail.
        message: What is to be sent; None if it cannot be written, or is not to be sent any more.
        needless: Why it is not to be sent any more, if it is not.
    """

    mail: MailRow
    message: EmailMessage | None = None
    needless: str | None = None


async def next_due(survey: Survey) -> Sequence[MailKey]:
    """Return the mail that is to be tried next, the first one first."""
    return await survey.mail(limit=AT_ONCE)


async def take(
    work: UnitOfWork, identity: Identity, mailing: Mailing, *, mail_id: UUID, now: datetime
) -> Outgoing | None:
    """Take a mail that is due, or return None if somebody else has it, or has dealt with it.

    Its link is good from now on: nobody has it before.
    """
    # Spec: features/mail.md#MAIL-002 features/mail.md#MAIL-003
    mail = await work.mail.take(mail_id, until=now + LEASE, now=now)
    if mail is None:
        return None
    if reason := await _needless(work, mail, now=now):
        await work.mail.finish(mail.id, sent_at=None, failure=reason)
        return Outgoing(mail, needless=reason)
    try:
        return Outgoing(mail, compose(mailing, identity.secret, mail, now=now))
    except (KeyError, ValueError):
        # A newer release may know what to write.
        return Outgoing(mail)


async def settle(
    work: UnitOfWork, mail: MailRow, failure: DeliveryError | None, *, chance: Random, now: datetime
) -> str:
    """Note what became of a mail, and return a word for it: sent, failed, or postponed.

    Args:
        work: Its person's.
        mail: The mail.
        failure: Why it was not sent, if it was not.
        chance: What scatters the attempts of many mails.
        now: The moment.
    """
    # Spec: features/mail.md#MAIL-007 features/mail.md#MAIL-008
    if failure is None:
        await work.mail.finish(mail.id, sent_at=now, failure=None)
        return "sent"
    if isinstance(failure, NeverError) or now - mail.created_at > _PATIENCE:
        await work.mail.finish(mail.id, sent_at=None, failure=failure.kind)
        return "failed"
    usual = min(_SOON * 2 ** min(mail.attempts - 1, 20), _SELDOM)
    await work.mail.postpone(mail, until=now + usual * chance.uniform(0.75, 1.25), failure=failure.kind)
    return "postponed"


def unwritten() -> DeliveryError:
    """Return why a mail without a message is not sent now."""
    return NotNowError("template")


async def _needless(work: UnitOfWork, mail: MailRow, *, now: datetime) -> str | None:
    """Tell why a mail is not to be sent any more, or make its link good and return None."""
    # Spec: features/users.md#USER-033 features/users.md#USER-034
    if not mail.is_wanted:
        return "disabled"
    if now - mail.created_at > _PATIENCE:
        return "expired"
    leading = LINKS.get(Occasion(mail.template)) if mail.template in {*Occasion} else None
    if leading is None or leading.life is None:
        return None
    try:
        token_id = UUID(orjson.loads(mail.parameters)["token"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return "template"
    return None if await work.mail.start_token(token_id, expires_at=now + leading.life) else "replaced"
