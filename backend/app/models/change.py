"""The change sequence, as tables: each person's counter, and one row for each change."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.models.naming import SCHEMA


class ChangeCounter(SQLModel, table=True):
    """The last number given to a change of this person."""

    __tablename__ = "change_counter"
    __table_args__ = (ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]), {"schema": SCHEMA})

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    last_seq: int = Field(sa_type=BigInteger)


class Change(SQLModel, table=True):
    """One change: what happened to which entity, and the difference that it made."""

    __table_args__ = (
        UniqueConstraint("user_id", "entity", "entity_id", "version"),
        ForeignKeyConstraint(["user_id"], [f"{SCHEMA}.account.user_id"]),
        CheckConstraint(
            (
                "action IN ('created', 'updated', 'completed', 'reopened', 'moved', 'deleted', 'restored', "
                "'purged', 'reverted')"
            ),
            name="action",
        ),
        CheckConstraint("source IN ('api', 'console', 'worker')", name="source"),
        CheckConstraint("seq >= 1", name="seq_positive"),
        CheckConstraint("reverts IS NULL OR (action = 'reverted' AND reverts < seq)", name="reverts"),
        {"schema": SCHEMA},
    )

    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    id: UUID
    entity: str = Field(sa_type=Text)
    entity_id: UUID
    version: int = Field(sa_type=BigInteger)
    action: str = Field(sa_type=Text)
    before: dict[str, object] | None = Field(sa_type=JSONB)
    after: dict[str, object] | None = Field(sa_type=JSONB)
    actor: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    request_id: str | None = Field(sa_type=Text)
    occurred_at: datetime
    published_at: datetime | None
    reverts: int | None = Field(sa_type=BigInteger)
    redacted_at: datetime | None


class ChangeRow(NamedTuple):
    """A change as read.

    `before` and `after` are texts of JSON objects, of the fields that differ. `reverts` is the number of the change
    that this one undid; `redacted_at` is when its texts were emptied, because what it is of was purged.
    """

    seq: int
    entity: str
    entity_id: UUID
    version: int
    action: str
    before: str | None
    after: str | None
    source: str
    request_id: str | None
    occurred_at: datetime
    reverts: int | None
    redacted_at: datetime | None


class AuditRow(NamedTuple):
    """A change of the administration's sequence as read; `actor` is the administrator, or the console."""

    seq: int
    entity: str
    entity_id: UUID
    version: int
    action: str
    before: str | None
    after: str | None
    actor: str
    source: str
    request_id: str | None
    occurred_at: datetime
