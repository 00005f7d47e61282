"""How a document of everything is brought in, and what has become of it, on the wire."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.schemas.account_document import SECTIONS
from app.schemas.base import Input, Output, example
from app.schemas.query_fields import QueryFlag


class ImportQuery(Input):
    """How a document is brought in."""

    dry_run: QueryFlag = Field(default=False, description="Tell what would be done, and do nothing.")


class Outcome(StrEnum):
    """What has become of a thing in a document."""

    CREATED = "created"
    EQUAL = "equal"
    LEFT = "left"
    MERGED = "merged"
    PURGED = "purged"


class ProfileOutcome(StrEnum):
    """What has become of the profile in a document."""

    TAKEN = "taken"
    EQUAL = "equal"
    LEFT = "left"


class OutcomesRead(Output):
    """How many things of a kind have become what."""

    created: int = Field(description="Were not there, and are now.")
    equal: int = Field(description="Were there already, with the same content.")
    left: int = Field(description="Were there already with other content, which stays.")
    merged: int = Field(description="Have the name of another living thing, which is taken for them.")
    purged: int = Field(description="Were removed for good here, and stay so.")


class NotedRead(Output):
    """A thing of which more is to be said than that it is there now as the document has it."""

    pointer: str = Field(description="Where it stands in the document, as a JSON Pointer (RFC 6901).")
    id: UUID = Field(description="Its id in the document.")
    outcome: Outcome = Field(description="What has become of it.")
    dropped: list[str] = Field(
        description="The references that it has lost, because they lead to nothing living."
    )


class ImportRead(Output):
    """What an import has done, or would do."""

    model_config = example(
        {
            "dry_run": False,
            "profile": "taken",
            **{
                section: {"created": 1, "equal": 0, "left": 0, "merged": 0, "purged": 0}
                for section in SECTIONS
            },
            "noted": [],
            "noted_in_all": 0,
        }
    )

    dry_run: bool = Field(description="Whether this is only what would be done.")
    profile: ProfileOutcome = Field(description="What has become of the profile.")
    categories: OutcomesRead = Field(description="The categories.")
    tags: OutcomesRead = Field(description="The tags.")
    tasks: OutcomesRead = Field(description="The tasks.")
    comments: OutcomesRead = Field(description="The comments.")
    saved_filters: OutcomesRead = Field(description="The saved filters.")
    noted: list[NotedRead] = Field(description="Those of which there is more to say, 1,000 at most.")
    noted_in_all: int = Field(description="How many these are in all.")
