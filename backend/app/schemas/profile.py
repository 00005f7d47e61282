"""A person's profile on the wire."""

from datetime import datetime
from enum import StrEnum

from pydantic import MISSING, Field
from pydantic.config import JsonDict

from app.domain.fields import GivenPassword, Language, PersonName, ZoneName
from app.domain.week import Weekday
from app.schemas.base import Input, Output, example
from app.schemas.described import CreatedAt, UpdatedAt, Version

_ACCOUNT_EXAMPLE: JsonDict = {
    "id": "019aa4b2-0000-7000-8000-000000000001",
    "email": "ada@example.com",
    "name": "Ada",
    "created_at": "2026-11-21T08:00:00Z",
}
_NAME = "What to call the person."
_ZONE = "The IANA time zone in which the person lives, such as `Europe/Berlin`, or null."
_LANGUAGE = "The language of the person as a BCP 47 tag, such as `de` or `pt-BR`, or null."
_WEEK = "The day on which the person's week begins."


class AccountRead(Output):
    """A person's account."""

    model_config = example(_ACCOUNT_EXAMPLE)

    id: str = Field(description="The person's id with us.")
    email: str | None = Field(
        description="The e-mail address; null when the issuer of the token does not say it."
    )
    name: str | None = Field(
        description="What to call the person; null when the issuer of the token does not say it."
    )
    created_at: CreatedAt


class Role(StrEnum):
    """What a person is to the service."""

    USER = "user"
    ADMIN = "admin"


class ProfileRead(AccountRead):
    """A person's own profile."""

    model_config = example(
        {
            **_ACCOUNT_EXAMPLE,
            "email_verified_at": None,
            "role": "user",
            "time_zone": "Europe/Berlin",
            "language": "de",
            "week_start": "monday",
            "updated_at": "2026-11-21T08:00:00Z",
            "version": 1,
        }
    )

    email_verified_at: datetime | None = Field(
        description="When the e-mail address was verified, in UTC, or null."
    )
    role: Role = Field(description="What the person is to the service; nobody changes it here.")
    time_zone: str | None = Field(description=_ZONE)
    language: str | None = Field(description=_LANGUAGE)
    week_start: Weekday = Field(description=_WEEK)
    updated_at: UpdatedAt
    version: Version


class ProfileUpdate(Input):
    """A change of some fields: absent leaves, null clears."""

    # Spec: features/users.md#USER-051
    model_config = example({"time_zone": "Europe/Berlin", "language": "de", "week_start": "monday"})

    name: PersonName | MISSING = Field(default=MISSING, description=_NAME)
    time_zone: ZoneName | None | MISSING = Field(default=MISSING, description=_ZONE)
    language: Language | None | MISSING = Field(default=MISSING, description=_LANGUAGE)
    week_start: Weekday | MISSING = Field(default=MISSING, description=_WEEK)


class Confirmation(StrEnum):
    """The word that confirms a deletion."""

    DELETE = "delete"


class AccountDeletion(Input):
    """That it is meant: the password of who has one with us, and a word of everybody else."""

    # Spec: features/users.md#USER-071
    model_config = example({"password": "the password that you log in with"})

    password: GivenPassword | None = Field(
        default=None, description="The password, of who logs in with one here."
    )
    confirm: Confirmation | None = Field(
        default=None, description="`delete`, of who comes by another issuer."
    )
