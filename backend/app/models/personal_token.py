"""Personal tokens, as a table and as a row."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from app.domain.callers import Scope
from app.models.naming import SCHEMA


class PersonalToken(SQLModel, table=True):
    """A credential that a person has made for a program; `deleted_at` is when it was revoked."""

    __tablename__ = "personal_token"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name_length"),
        CheckConstraint("cardinality(scopes) >= 1", name="scopes_some"),
        CheckConstraint("octet_length(digest) = 32", name="digest_length"),
        CheckConstraint("version >= 1", name="version_positive"),
        Index("ux_personal_token_digest", "digest", unique=True),
        Index(
            "ix_personal_token_user_id_deleted_at_id",
            "user_id",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    digest: bytes
    expires_at: datetime
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int = Field(sa_type=BigInteger)


class PersonalTokenRow(NamedTuple):
    """A personal token as read; moments are aware and in UTC.

    `token` is there while it is made, and never read; only its digest is written.
    """

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    token: str | None
    expires_at: datetime
    last_used_at: datetime | None
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int

    def hidden(self) -> "PersonalTokenRow":
        """Return it without the token, as it is shown to whoever asks again."""
        return self._replace(token=None)

    def document(self) -> dict[str, object]:
        """Its content in the names and JSON values of the API, for the change sequence."""
        return {
            "name": self.name,
            "scopes": [*self.scopes],
            "expires_at": self.expires_at,
            "created_at": self.created_at,
            "deleted_at": self.deleted_at,
        }


class KnownToken(NamedTuple):
    """What is known of a personal token that somebody brings; moments are aware and in UTC."""

    user_id: str
    id: UUID
    scopes: list[str]
    expires_at: datetime
    last_used_at: datetime | None
    deleted_at: datetime | None
    disabled_at: datetime | None
