"""Logging in on the wire: an e-mail with a password, and the access token that they give."""

from enum import StrEnum

from pydantic import Field

from app.domain.fields import GivenEmail, GivenPassword
from app.schemas.base import Input, Output, example


class Login(Input):
    """An e-mail and a password."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery"})

    email: GivenEmail = Field(description="The address that the person registered with.")
    password: GivenPassword = Field(description="The person's password.")


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
