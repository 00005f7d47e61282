"""Invitations to register, in PostgreSQL: made by whoever runs the service, used before anybody is known."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, update

from app.database.connection import Session
from app.database.statements import Statement
from app.domain.emails import folded_email
from app.models.mail import Invitation
from app.models.naming import table_of

_INVITATION = table_of(Invitation)
_NEW = ("user_id", "id", "email", "email_folded", "created_at", "expires_at")
_ADD = Statement(insert(_INVITATION).values({name: bindparam(name) for name in _NEW}))
_USE = Statement(
    update(_INVITATION)
    .where(
        *(_INVITATION.c.id == bindparam("invitation_id"), _INVITATION.c.used_at.is_(None)),
        _INVITATION.c.expires_at > bindparam("now"),
        or_(_INVITATION.c.email_folded.is_(None), _INVITATION.c.email_folded == bindparam("folded")),
    )
    .values(used_at=bindparam("now"))
    .returning(_INVITATION.c.id)
)


class Invitations:
    """Everybody's invitations.

    Args:
        session: Where statements run, under the identity role.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(
        self, user_id: str, invitation_id: UUID, *, email: str | None, expires_at: datetime, now: datetime
    ) -> None:
        """Add an invitation, for one e-mail if one is given."""
        folded = None if email is None else folded_email(email)
        values = {"user_id": user_id, "id": invitation_id, "email": email, "email_folded": folded}
        await self._session.fetch(_ADD, created_at=now, expires_at=expires_at, **values)

    async def use(self, invitation_id: UUID, *, email: str, now: datetime) -> bool:
        """Use an invitation up; tell whether it was good for this e-mail."""
        # Spec: features/users.md#USER-045
        values = {"invitation_id": invitation_id, "folded": folded_email(email), "now": now}
        return await self._session.fetch_row(_USE, **values) is not None
