"""Mail that is to leave, the tokens that it carries, and invitations, as tables and as rows."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class Mail(SQLModel, table=True):
    """A mail: to whom, and what it says, by its template and its parameters.

    It is to be sent as long as it has a `next_attempt_at`, which is also until when whoever sends it has it alone.
    `failure` is why it was not sent the last time.
    """

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(address) BETWEEN 1 AND 2048", name="address_length"),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        Index(
            "ix_mail_next_attempt_at", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")
        ),
        Index("ix_mail_created_at", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    template: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    parameters: dict[str, str] = Field(sa_type=JSONB)
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="0"))
    sent_at: datetime | None
    failure: str | None = Field(sa_type=Text)


class MailedToken(SQLModel, table=True):
    """The one token of a person for a purpose; a new one takes its place.

    The token itself is nowhere: it is `id` with a seal under the secret. `address` is what it proves. It is good from
    the moment at which it is first sent until `expires_at`.
    """

    __tablename__ = "mailed_token"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("purpose IN ('password_reset', 'verify_email', 'change_email')", name="purpose"),
        Index("ux_mailed_token_id", "id", unique=True),
        Index("ix_mailed_token_created_at", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID
    address: str = Field(sa_type=Text)
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class Invitation(SQLModel, table=True):
    """Leave to register, once, for whoever has its code; for one e-mail, if it names one.

    The code is `id` with a seal under the secret. `user_id` is on whose behalf it was made.
    """

    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        Index("ux_invitation_id", "id", unique=True),
        Index("ix_invitation_created_at", "created_at"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(sa_column=Column(Uuid, primary_key=True))
    email: str | None = Field(sa_type=Text)
    email_folded: str | None = Field(sa_type=Text)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


class MailKey(NamedTuple):
    """Whose mail is to be tried next, which, and when."""

    user_id: str
    id: UUID
    next_attempt_at: datetime


class MailRow(NamedTuple):
    """A mail that somebody is about to send.

    `parameters` is the text of a JSON object. It is not wanted if its person's account is disabled or gone.
    """

    id: UUID
    template: str
    address: str
    parameters: str
    created_at: datetime
    attempts: int
    is_wanted: bool


class TokenRow(NamedTuple):
    """Whose a token was, and what address it proves."""

    user_id: str
    address: str
