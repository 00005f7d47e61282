"""Signing in and out on the wire: credentials, the tokens that they give, sessions, and a change of password."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field
from pydantic.config import JsonDict

from app.domain.fields import Flag, GivenEmail, GivenPassword, Password
from app.schemas.base import Input, Output, example
from app.schemas.described import CreatedAt

_LONGEST_TOKEN = 8192
_COOKIE = (
    "For a page of the same origin: whether the refresh token comes in a cookie that no script can read, and "
    "not in the body."
)

_SESSION: JsonDict = {
    "id": "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f",
    "device": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "address": "203.0.113.7",
    "created_at": "2026-11-21T08:30:00.123456Z",
    "last_seen_at": "2026-11-21T09:15:00.123456Z",
    "expires_at": "2026-12-21T09:15:00.123456Z",
    "current": True,
}


class Login(Input):
    """An e-mail and a password."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery"})

    email: GivenEmail = Field(description="The address that the person registered with.")
    password: GivenPassword = Field(description="The person's password.")
    cookie: Flag = Field(default=False, description=_COOKIE)


class RefreshRequest(Input):
    """A refresh token, unless it is in the cookie."""

    model_config = example({"refresh_token": "agr_MDE5YWE0YjI..."})

    refresh_token: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST_TOKEN,
        description="The refresh token of the latest answer; absent or null: the cookie has it.",
    )


class TokenType(StrEnum):
    """How an access token is sent."""

    BEARER = "bearer"


class AccessRead(Output):
    """An access token, to be sent as `Authorization: Bearer ...`, and a refresh token for the next one."""

    model_config = example(
        {
            "access_token": "eyJhbGciOiJIUzI1NiJ9...",
            "token_type": "bearer",
            "expires_in": 900,
            "refresh_token": "agr_MDE5YWE0YjI...",
            "refresh_expires_in": 2592000,
        }
    )

    access_token: str = Field(description="The token.")
    token_type: TokenType = Field(description="How it is sent: as `Authorization: Bearer`.")
    expires_in: int = Field(description="For how many seconds it is good.")
    refresh_token: str | None = Field(
        description="What `/auth/refresh` takes, once; null when it is in the cookie."
    )
    refresh_expires_in: int = Field(
        description="For how many seconds the session goes on if it is not refreshed; each refresh prolongs it."
    )


class SessionRead(Output):
    """A session: what began with a login and has not ended."""

    model_config = example(_SESSION)

    id: UUID = Field(description="The id.")
    device: str | None = Field(description="What the program called itself, if it did (`User-Agent`).")
    address: str | None = Field(description="From which address it was last refreshed, if that is known.")
    created_at: CreatedAt
    last_seen_at: datetime = Field(description="When it began or was last refreshed, in UTC.")
    expires_at: datetime = Field(description="When it ends if it is not refreshed, in UTC.")
    current: bool = Field(description="Whether it is the one that asks.")


class SessionList(Output):
    """The sessions of a person, of which there are 100 at most."""

    model_config = example({"items": [_SESSION]})

    items: list[SessionRead] = Field(description="The sessions, the latest seen first.")


class PasswordChange(Input):
    """An old password and a new one."""

    model_config = example(
        {"old_password": "correct horse battery", "new_password": "quite another long password"}
    )

    old_password: GivenPassword = Field(description="The password of today.")
    new_password: Password = Field(
        description="12 to 128 characters of any kind, and none of the passwords that are tried first."
    )
