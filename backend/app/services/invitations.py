"""Inviting people to register. Who may invite, whoever runs the service decides."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from app.domain.letters import Occasion
from app.models.account import ADMINISTRATION
from app.repositories.outgoing_mail import NewMail
from app.services.identity import Identity
from app.services.mailing import LINKS, Mailing, Purpose, link
from app.utils.sealed_ids import seal

GOOD_FOR = timedelta(days=7)


class Invited(NamedTuple):
    """An invitation as it is handed over: its code, the link that has it, and whether a mail with it is on its way."""

    code: str
    link: str
    is_mailed: bool


async def invite(identity: Identity, email: str | None, *, mailing: Mailing, now: datetime) -> Invited:
    """Make an invitation that is good once, for a week, and for one e-mail if one is given, which gets a mail then."""
    # Spec: features/users.md#USER-045 features/users.md#USER-046
    invitation_id = uuid4()
    is_mailed = email is not None and mailing.carrier is not None
    async with identity.open_register() as directory:
        # The invitations of whoever runs the service are nobody's own.
        await directory.open_administration(now=now)
        await directory.invitations.add(
            ADMINISTRATION, invitation_id, email=email, expires_at=now + GOOD_FOR, now=now
        )
        if email is not None and is_mailed:
            mail = NewMail(ADMINISTRATION, Occasion.INVITATION, email, {"token": str(invitation_id)})
            await directory.tokens.notify(mail, mail_id=uuid4(), now=now)
    mailing.wake()
    address = link(mailing, identity.secret, LINKS[Occasion.INVITATION], sealed=invitation_id)
    return Invited(seal(identity.secret, Purpose.INVITATION, invitation_id), address, is_mailed)
