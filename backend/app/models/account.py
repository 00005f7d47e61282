"""People, as tables: who they are, and the password of those who registered with us."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA

OWN_ISSUER, PERSON = "agendum", "person"
# The one account of this kind, by its id, its issuer and its subject: the owner of what administrators do.
ADMINISTRATION = "administration"
# What the change sequence calls an account, and what of it is recorded.
ENTITY, RECORDED = "account", ("email", "name", "time_zone", "language", "week_start")
_DAYS = "'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'"
_OWN = text(f"issuer = '{OWN_ISSUER}'")


class Account(SQLModel, table=True):
    """A person, found by issuer and subject; `user_id` is the owner in every other table.

    `email_folded` is by what our own people log in, and null for people of other issuers. `own_fields` names what the
    person has changed with us, which the issuer's tokens do not change any more. Tokens from before `tokens_valid_from`
    are refused. Of somebody with `deleted_at`, nothing is left but the id. A `kind` that is no person owns rows that
    several people use.
    """

    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("char_length(user_id) BETWEEN 1 AND 255", name="user_id_length"),
        CheckConstraint("char_length(subject) BETWEEN 1 AND 255", name="subject_length"),
        CheckConstraint("kind IN ('person', 'administration')", name="kind"),
        CheckConstraint("role IN ('user', 'admin')", name="role"),
        CheckConstraint(f"week_start IN ({_DAYS})", name="week_start"),
        Index("ux_account_email", func.lower(text("email")), unique=True, postgresql_where=_OWN),
        Index("ux_account_email_folded", "email_folded", unique=True, postgresql_where=_OWN),
        Index("ix_account_created_at_user_id", "created_at", "user_id"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)
    name: str | None = Field(sa_type=Text)
    created_at: datetime
    updated_at: datetime
    email_folded: str | None = Field(sa_type=Text)
    kind: str = Field(sa_column=Column(Text, nullable=False, server_default="person"))
    role: str = Field(sa_column=Column(Text, nullable=False, server_default="user"))
    time_zone: str | None = Field(sa_type=Text)
    language: str | None = Field(sa_type=Text)
    week_start: str = Field(sa_column=Column(Text, nullable=False, server_default="monday"))
    own_fields: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))
    email_verified_at: datetime | None
    disabled_at: datetime | None
    tokens_valid_from: datetime | None
    deleted_at: datetime | None
    version: int = Field(sa_column=Column(BigInteger, nullable=False, server_default="1"))


class StoredPassword(SQLModel, table=True):
    """The argon2id hash of a registered person, in the encoded form that names its parameters."""

    __tablename__ = "password"
    __table_args__ = (ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]), {"schema": SCHEMA})

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    password_hash: str = Field(sa_type=Text)
    updated_at: datetime


class AccountRow(NamedTuple):
    """A person as read; moments are aware and in UTC."""

    user_id: str
    email: str | None
    name: str | None
    created_at: datetime

    @property
    def id(self) -> str:
        """The person's id, as the API names it."""
        return self.user_id


class ProfileRow(NamedTuple):
    """A person's own account as read; moments are aware and in UTC.

    `own_fields` names what the person has changed with us.
    """

    user_id: str
    email: str | None
    name: str | None
    created_at: datetime
    updated_at: datetime
    time_zone: str | None
    language: str | None
    week_start: str
    own_fields: list[str]
    email_verified_at: datetime | None
    role: str
    version: int

    @property
    def id(self) -> str:
        """The person's id, as the API names it."""
        return self.user_id

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {name: getattr(self, name) for name in RECORDED}


class KnownPerson(NamedTuple):
    """What is known of the person whom a credential means, and of the session that it is of; moments are in UTC.

    The moments of the session are null where there is none that is meant.
    """

    user_id: str
    email: str | None
    name: str | None
    role: str
    own_fields: list[str]
    disabled_at: datetime | None
    tokens_valid_from: datetime | None
    session_created_at: datetime | None
    session_expires_at: datetime | None
    updated_at: datetime


class LoginRow(NamedTuple):
    """What a login needs: the person's id, the encoded hash, and whether the person may come in, and since when."""

    user_id: str
    password_hash: str
    disabled_at: datetime | None
    tokens_valid_from: datetime | None


class PasswordRow(NamedTuple):
    """A person's encoded hash, and what the person is called, which no password may be."""

    password_hash: str
    email: str | None
    name: str | None


class UserRow(NamedTuple):
    """A person as administrators see one: nothing of what is the person's; moments are aware and in UTC."""

    id: UUID
    issuer: str
    email: str | None
    name: str | None
    role: str
    created_at: datetime
    updated_at: datetime
    email_verified_at: datetime | None
    disabled_at: datetime | None
    tokens_valid_from: datetime | None
    version: int

    @property
    def deleted_at(self) -> None:
        """Who is deleted is not seen."""

    def document(self) -> dict[str, object]:
        """What administrators change, in the names and JSON values of the API, for the change sequence."""
        return {
            "role": self.role,
            "disabled_at": self.disabled_at,
            "tokens_valid_from": self.tokens_valid_from,
        }
