"""A person's profile on the wire."""

from pydantic import Field

from app.schemas.base import Output, example
from app.schemas.described import CreatedAt


class AccountRead(Output):
    """A person's profile."""

    model_config = example(
        {
            "id": "019aa4b2-0000-7000-8000-000000000001",
            "email": "ada@example.com",
            "name": "Ada",
            "created_at": "2026-11-21T08:00:00Z",
        }
    )

    id: str = Field(description="The person's id with us.")
    email: str | None = Field(
        description="The e-mail address; null when the issuer of the token does not say it."
    )
    name: str | None = Field(
        description="What to call the person; null when the issuer of the token does not say it."
    )
    created_at: CreatedAt
