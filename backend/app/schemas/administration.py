"""People as administrators see them, and what administrators have done, on the wire. It shows no content of anybody."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from pydantic.config import JsonDict

from app.domain.callers import Role
from app.domain.changes import Action, Source
from app.schemas.base import Output, example
from app.schemas.change import Fields
from app.schemas.described import CreatedAt, UpdatedAt, Version
from app.schemas.paging import SORT, ListQuery, Page, page_example
from app.schemas.query_fields import PartOfName, QueryFlag
from app.schemas.sorting import UserSorts

_ROLE = "The role that is kept here; somebody whose issuer says who is an administrator has `user`."
_USER: JsonDict = {
    "id": "019aa4b2-0000-7000-8000-000000000001",
    "issuer": "agendum",
    "email": "ada@example.com",
    "name": "Ada",
    "role": "user",
    "created_at": "2026-11-21T08:00:00Z",
    "updated_at": "2026-11-21T09:00:00Z",
    "email_verified_at": None,
    "disabled_at": "2026-11-21T09:00:00Z",
    "tokens_valid_from": None,
    "version": 2,
}
_ACT: JsonDict = {
    "seq": 1,
    "entity": "user",
    "entity_id": "019aa4b2-0000-7000-8000-000000000001",
    "version": 2,
    "action": "updated",
    "before": {"disabled_at": None},
    "after": {"disabled_at": "2026-11-21T09:00:00Z"},
    "actor": "019aa4b2-0000-7000-8000-000000000002",
    "source": "api",
    "request_id": "019aa4b2-9d10-7c4e-8a41-5b7d2f6e9c01",
    "occurred_at": "2026-11-21T09:00:00Z",
}


class UserQuery(ListQuery):
    """Which people, and which part of them."""

    # Spec: features/administration.md#ADMIN-005
    email: PartOfName | None = Field(
        default=None, description="Only those whose e-mail contains this, in whatever letter case."
    )
    disabled: QueryFlag | None = Field(
        default=None, description="Only those who are disabled, or only those who are not."
    )
    role: Role | None = Field(default=None, description="Only those with this role.")
    sort: UserSorts | None = Field(default=None, description=f"{SORT} `created_at` when absent.")


class UserRead(Output):
    """A person, as administrators see one."""

    # Spec: features/administration.md#ADMIN-005
    model_config = example(_USER)

    id: UUID = Field(description="The person's id with us.")
    issuer: str = Field(description="Who vouches for the person: `agendum`, or the issuer of the tokens.")
    email: str | None = Field(description="The e-mail address; null when the issuer does not say it.")
    name: str | None = Field(description="What to call the person; null when the issuer does not say it.")
    role: Role = Field(description=_ROLE)
    created_at: CreatedAt
    updated_at: UpdatedAt
    email_verified_at: datetime | None = Field(
        description="When the address was found to be the person's, in UTC; null while it was not."
    )
    disabled_at: datetime | None = Field(
        description="Since when nothing of the person's is accepted, in UTC; null for everybody who may come in."
    )
    tokens_valid_from: datetime | None = Field(
        description="Tokens from before this moment are refused; null while none are."
    )
    version: Version


class UserPage(Page):
    """A page of people."""

    model_config = page_example(_USER)

    items: list[UserRead] = Field(description="The people.")


class ActRead(Output):
    """What an administrator did; `before` and `after` name only the fields that differ."""

    model_config = example(_ACT)

    seq: int = Field(description="The number of the act: 1, 2, 3 over all administrators, without a gap.")
    entity: str = Field(description="The kind of what it was done to: `user`. More may come.")
    entity_id: UUID = Field(description="The id of what it was done to.")
    version: int = Field(description="The version that it had then.")
    action: Action = Field(description="What happened.")
    before: Fields = Field(description="The fields that differ, as they were.")
    after: Fields = Field(description="The fields that differ, as they became.")
    actor: str = Field(
        description="The id of the administrator; `console` for whoever used that of the service."
    )
    source: Source = Field(description="The door that the act came through.")
    request_id: str | None = Field(
        description="The `X-Request-ID` of the request; null where there was none."
    )
    occurred_at: Annotated[datetime, Field(description="When it happened, in UTC.")]


class ActPage(Output):
    """Acts in their order."""

    model_config = example({"items": [_ACT], "last": 1, "has_more": False})

    items: list[ActRead] = Field(description="The acts.")
    last: int = Field(description="The number to ask after next time.")
    has_more: bool = Field(description="Whether more follow already.")
