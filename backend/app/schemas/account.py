"""People and their credentials on the wire."""

from enum import StrEnum

from pydantic import Field

from app.domain.fields import Email, GivenEmail, GivenPassword, Password, PersonName
from app.schemas.base import Input, Output, example
from app.schemas.described import CreatedAt


class AccountCreate(Input):
    """A registration."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"})

    email: Email = Field(description="The address to log in with; letter case does not matter.")
    password: Password = Field(description="8 to 256 characters of any kind.")
    name: PersonName = Field(description="What to call the person.")


class Login(Input):
    """An e-mail and a password."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery"})

    email: GivenEmail = Field(description="The address that the person registered with.")
    password: GivenPassword = Field(description="The person's password.")


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


class TokenType(StrEnum):
    """How an access token is sent."""

    BEARER = "bearer"


class AccessRead(Output):
    """An access token, to be sent as `Authorization: Bearer ...`."""

    model_config = example(
        {"access_token": "eyJhbGciOiJIUzI1NiJ9...", "token_type": "bearer", "expires_in": 900}
    )

    access_token: str = Field(description="The token.")
    token_type: TokenType = Field(description="How it is sent: as `Authorization: Bearer`.")
    expires_in: int = Field(description="For how many seconds it is good.")
