"""The secrets that sign what we give out: the current one first, then older ones, whose signatures stay good."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode


class SecretSettings(BaseSettings):
    """What signs our tokens and cursors."""

    secret: SecretStr | None = Field(default=None, alias="BETTER_AUTH_SECRET")
    listed_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), alias="BETTER_AUTH_SECRETS"
    )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets, each once: those of `BETTER_AUTH_SECRETS`, then `BETTER_AUTH_SECRET`; the first one signs."""
        # Spec: features/sessions.md#SESSION-030
        every = (*self.listed_secrets, *((self.secret,) if self.secret is not None else ()))
        return tuple(dict.fromkeys(secret.get_secret_value() for secret in every))

    @field_validator("listed_secrets", mode="before")
    @classmethod
    def _versioned(cls, value: object) -> object:
        """Read `2:new,1:old`, which is Better Auth's own way to write it: each with a version, the current one first.

        A secret may have colons and no commas.
        """
        # Spec: features/sessions.md#SESSION-030
        if not isinstance(value, str):
            return value
        entries = [entry.strip().partition(":") for entry in value.split(",")]
        versions = [version.strip() for version, _colon, _secret in entries]
        if not all(_is_version(version) and secret.strip() for version, _colon, secret in entries):
            raise ValueError("must be secrets with versions, the current one first: 2:new,1:old")
        if len({int(version) for version in versions}) < len(versions):
            raise ValueError("must give each secret a version of its own")
        return tuple(secret.strip() for _version, _colon, secret in entries)


def _is_version(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit()
