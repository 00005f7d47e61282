"""Personal tokens on the wire."""

from datetime import datetime

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.callers import Scope
from app.domain.fields import Moment, Name, Scopes
from app.schemas.base import Input, Output, example
from app.schemas.described import ChosenId, CreatedAt, Id, UpdatedAt, Version
from app.schemas.paging import NAME_PART, SORT, ListQuery, Page, page_example
from app.schemas.query_fields import PartOfName
from app.schemas.sorting import NamedSorts

_CONTENT_EXAMPLE: JsonDict = {"name": "Backup script", "scopes": ["tasks:read"]}
_NAME, _SCOPES = "The name, on one line.", "What it allows."
_LONGEST = "At most 366 days ahead; 90 days ahead when absent or null."
_EXAMPLE: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    **_CONTENT_EXAMPLE,
    "expires_at": "2027-02-19T08:30:00.123456Z",
    "created_at": "2026-11-21T08:30:00.123456Z",
    "updated_at": "2026-11-21T08:30:00.123456Z",
    "deleted_at": None,
    "version": 1,
}


class PersonalTokenCreate(Input):
    """A new personal token, with an id of the client's choice or without."""

    # Spec: features/personal-tokens.md#TOKEN-002
    model_config = example(_CONTENT_EXAMPLE)

    id: ChosenId = None
    name: Name = Field(description=_NAME)
    scopes: Scopes = Field(description=f"{_SCOPES} No more than the credential of its maker does.")
    expires_at: Moment | None = Field(default=None, description=f"Until when it is good. {_LONGEST}")


class PersonalTokenUpdate(Input):
    """Another name; nothing else of a personal token can be changed."""

    # Spec: features/personal-tokens.md#TOKEN-008
    model_config = example({"name": "Backup script of the attic"})

    name: Name | MISSING = Field(default=MISSING, description=_NAME)


class PersonalTokenQuery(ListQuery):
    """Which personal tokens, and which part of them."""

    # Spec: features/personal-tokens.md#TOKEN-007
    name: PartOfName | None = Field(default=None, description=NAME_PART)
    sort: NamedSorts | None = Field(default=None, description=f"{SORT} `name` when absent.")


class PersonalTokenRead(Output):
    """A personal token, without the token itself."""

    model_config = example(_EXAMPLE)

    id: Id
    name: str = Field(description=_NAME)
    scopes: list[Scope] = Field(description=_SCOPES)
    expires_at: datetime = Field(description="Until when it is good, in UTC.")
    created_at: CreatedAt
    updated_at: UpdatedAt
    deleted_at: datetime | None = Field(description="When it was revoked, in UTC; null as long as it is not.")
    version: Version


class PersonalTokenCreated(PersonalTokenRead):
    """A personal token that was made just now, with the token itself."""

    # Spec: features/personal-tokens.md#TOKEN-001 features/personal-tokens.md#TOKEN-006
    model_config = example({**_EXAMPLE, "token": f"agp_{'0' * 49}"})

    token: str | None = Field(
        description="The token: keep it now, it is not shown again. Null when the request was answered before."
    )


class PersonalTokenListed(PersonalTokenRead):
    """A personal token in a list, with when it was last used."""

    model_config = example({**_EXAMPLE, "last_used_at": "2026-11-21T09:00:00.123456Z"})

    last_used_at: datetime | None = Field(
        description="When it was last used, in UTC and to about a minute; null before."
    )


class PersonalTokenPage(Page):
    """A page of personal tokens."""

    model_config = page_example({**_EXAMPLE, "last_used_at": "2026-11-21T09:00:00.123456Z"})

    items: list[PersonalTokenListed] = Field(description="The personal tokens.")
