"""Better Auth's tables in our database: whether its sessions are read there, and by which names. It reads none."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

# What Better Auth itself calls its tables and columns.
USUAL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "session": "session",
        "session.token": "token",
        "session.userId": "userId",
        "session.expiresAt": "expiresAt",
        "session.createdAt": "createdAt",
        "user": "user",
        "user.id": "id",
        "user.name": "name",
        "user.email": "email",
        "user.emailVerified": "emailVerified",
    }
)
# The column of the admin plugin, without which there is none.
BAN = "user.banned"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}")
# What RFC 6265 lets the name of a cookie have.
_COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FORM = "must have the form session=sessions,session.userId=user_id"


class SharedSessionSettings(BaseSettings):
    """Where sessions of Better Auth are found, if they are."""

    better_auth_database: Literal["off", "shared"] = Field(
        default="off", alias="AGENDUM_BETTER_AUTH_DATABASE"
    )
    better_auth_schema: str = Field(default="public", alias="AGENDUM_BETTER_AUTH_SCHEMA")
    better_auth_names: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, alias="AGENDUM_BETTER_AUTH_NAMES"
    )
    better_auth_cookie: str = Field(default="better-auth.session_token", alias="AGENDUM_BETTER_AUTH_COOKIE")
    better_auth_raw_tokens: bool = Field(default=False, alias="AGENDUM_BETTER_AUTH_RAW_TOKENS")
    cors_credentials: bool = Field(default=False, alias="AGENDUM_CORS_CREDENTIALS")

    @field_validator("better_auth_schema")
    @classmethod
    def _identifier(cls, name: str) -> str:
        # Spec: features/better-auth.md#BETTER-010
        if not _IDENTIFIER.fullmatch(name):
            raise ValueError("must be a name of ASCII letters, digits, _, - and $, at most 63 of them")
        return name

    @field_validator("better_auth_cookie")
    @classmethod
    def _cookie(cls, name: str) -> str:
        if not _COOKIE_NAME.fullmatch(name) or name.startswith("__"):
            raise ValueError("must be the name of a cookie, without __Secure-")
        return name

    @field_validator("better_auth_names", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
        if len({known.strip() for known, _equals, _name in pairs}) != len(pairs):
            raise ValueError("names something twice")
        return {known.strip(): name.strip() for known, _equals, name in pairs}

    @field_validator("better_auth_names")
    @classmethod
    def _names(cls, names: Mapping[str, str]) -> Mapping[str, str]:
        # Spec: features/better-auth.md#BETTER-010
        if unknown := sorted(names.keys() - USUAL_NAMES.keys() - {BAN}):
            known = ", ".join([*USUAL_NAMES, BAN])
            raise ValueError(f"{_FORM}; {', '.join(unknown)[:100]} is not among {known}")
        for known, name in names.items():
            if not _IDENTIFIER.fullmatch(name):
                raise ValueError(f"{_FORM}; the name of {known} is none")
        return names
