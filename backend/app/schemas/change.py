"""The change feed on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict

from app.domain.changes import Action, Source
from app.schemas.base import Output, example

_CHANGE: JsonDict = {
    "seq": 2,
    "entity": "task",
    "entity_id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    "version": 2,
    "action": "completed",
    "before": {"completed": False, "completed_at": None},
    "after": {"completed": True, "completed_at": "2026-11-21T09:00:00Z"},
    "source": "api",
    "request_id": "019aa4b2-9d10-7c4e-8a41-5b7d2f6e9c01",
    "occurred_at": "2026-11-21T09:00:00Z",
    "reverts": None,
    "redacted_at": None,
}


def _read(fields: object) -> object:
    return orjson.loads(fields) if isinstance(fields, str) else fields


# As a row has it, the text of a JSON object.
Fields = Annotated[dict[str, object] | None, BeforeValidator(_read)]


class ChangeRead(Output):
    """One change; `before` and `after` name only the fields that differ."""

    model_config = example(_CHANGE)

    seq: int = Field(description="The number of the change: 1, 2, 3 for each person, without a gap.")
    entity: str = Field(description="The kind of thing that was changed.")
    entity_id: UUID = Field(description="The id of what was changed.")
    version: int = Field(description="The version that it had then.")
    action: Action = Field(description="What happened.")
    before: Fields = Field(description="The fields that differ, as they were; null for a creation.")
    after: Fields = Field(description="The fields that differ, as they became.")
    source: Source = Field(description="The door that the change came through.")
    request_id: str | None = Field(
        description="The `X-Request-ID` of the request; null where there was none."
    )
    occurred_at: datetime = Field(description="When it happened, in UTC.")
    reverts: int | None = Field(description="The number of the change that this one undid.")
    redacted_at: datetime | None = Field(
        description="When the texts in `before` and `after` were emptied, because what the change is of was purged."
    )


class ChangePage(Output):
    """Changes in their order."""

    model_config = example({"items": [_CHANGE], "last": 2, "has_more": False})

    items: list[ChangeRead] = Field(description="The changes.")
    last: int = Field(description="The number to ask after next time.")
    has_more: bool = Field(description="Whether more follow already.")
