"""How mail is written: what each occasion carries, and the message of it. It sends nothing and knows no server."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

import orjson

from app.domain.account_errors import MailOff
from app.domain.letters import Occasion, write
from app.models.mail import MailRow
from app.utils.carriers import Carrier
from app.utils.sealed_ids import seal

# How long mail, tokens and invitations are kept; none of them is of use for so long.
KEPT_FOR = timedelta(days=10)
# A longer line would be encoded, and a link in it could not be read where the message is kept.
_POLICY = SMTP.clone(max_line_length=900)


class Purpose(StrEnum):
    """What a token that came by mail allows."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 (the name of a purpose)
    VERIFY_EMAIL = "verify_email"
    CHANGE_EMAIL = "change_email"
    INVITATION = "invitation"


class Link(NamedTuple):
    """What a mail's link allows, to which page it leads, and for how long after the mail it is good.

    Where no time is said, that is a matter of what the link is of.
    """

    purpose: Purpose
    page: str
    life: timedelta | None


_DAY, _VERIFICATION = timedelta(hours=24), "/auth/links/verify-email"
# Spec: features/users.md#USER-034 features/users.md#USER-036
LINKS = {
    Occasion.RESET_PASSWORD: Link(
        Purpose.PASSWORD_RESET, "/auth/links/password-reset", timedelta(minutes=60)
    ),
    Occasion.VERIFY_EMAIL: Link(Purpose.VERIFY_EMAIL, _VERIFICATION, _DAY),
    Occasion.CONFIRM_NEW_EMAIL: Link(Purpose.CHANGE_EMAIL, _VERIFICATION, _DAY),
    Occasion.INVITATION: Link(Purpose.INVITATION, "/auth/links/invitation", None),
}


@dataclass(frozen=True, slots=True)
class Mailing:
    """What it takes for mail to leave.

    Attributes:
        carrier: What takes it away; None where no mail server is configured in production.
        sender: From whom it comes: an address, or a name and an address.
        public_url: What the links in it begin with.
        waiting: Set when mail was queued in this process.
    """

    carrier: Carrier | None
    sender: str
    public_url: str
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    def require(self) -> None:
        """Refuse what needs mail where none can be sent.

        Raises:
            MailOff: No mail server is configured.
        """
        # Spec: features/mail.md#MAIL-014
        if self.carrier is None:
            raise MailOff("This service sends no mail: whoever runs it has not named a mail server.")

    def wake(self) -> None:
        """Tell whoever sends in this process that there is mail."""
        self.waiting.set()


def compose(mailing: Mailing, secret: str, mail: MailRow, *, now: datetime) -> EmailMessage:
    """Return the message of a mail; the same mail makes the same message, but for its date.

    Raises:
        KeyError: A parameter of its template is missing.
        ValueError: No such template is known, or the address is none.
    """
    # Spec: features/mail.md#MAIL-005 features/mail.md#MAIL-003
    occasion, parameters = Occasion(mail.template), orjson.loads(mail.parameters)
    given = {"service": mailing.public_url}
    if occasion in LINKS:
        given["link"] = link(mailing, secret, LINKS[occasion], sealed=UUID(parameters["token"]))
    letter = write(occasion, parameters | given)
    message = EmailMessage(policy=_POLICY)
    message["From"] = mailing.sender
    local, _, domain = mail.address.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = letter.subject
    message["Date"] = now
    message["Message-ID"] = f"<{mail.id}@{message['From'].addresses[0].domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    return message


def link(mailing: Mailing, secret: str, leading: Link, *, sealed: UUID) -> str:
    """Return the link that a mail carries."""
    return f"{mailing.public_url}{leading.page}?token={quote(seal(secret, leading.purpose, sealed), safe='')}"
