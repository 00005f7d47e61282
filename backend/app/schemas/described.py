"""Fields that several shapes have, each with its description; the rules of values are in `domain/fields.py`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

Id = Annotated[UUID, Field(description="Its id: the one that the client chose, or a UUIDv7.")]
ChosenId = Annotated[
    UUID | None, Field(description="A UUID chosen by the client makes the request safe to repeat.")
]
Position = Annotated[str, Field(description="The place in the manual order: compare positions as bytes.")]
CreatedAt = Annotated[datetime, Field(description="When it was created, in UTC.")]
UpdatedAt = Annotated[datetime, Field(description="When it was last changed, in UTC.")]
DeletedAt = Annotated[
    datetime | None, Field(description="When it was deleted, in UTC; null while it is alive.")
]
Version = Annotated[
    int,
    Field(description="1 at creation, plus one with each change; `ETag` and `If-Match` carry it in quotes."),
]
