"""Which issuers beside us are believed: Better Auth, and a server of one's own with the shared secret."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from app.config.origins import origin_of


class IssuerSettings(BaseSettings):
    """Where tokens come from that are not ours."""

    better_auth_url: str | None = Field(default=None, alias="BETTER_AUTH_URL")
    better_auth_audience: str | None = Field(default=None, alias="AGENDUM_BETTER_AUTH_AUDIENCE")
    shared_secret_issuer: str | None = Field(default=None, alias="AGENDUM_SHARED_SECRET_ISSUER")
    shared_secret_audience: str | None = Field(default=None, alias="AGENDUM_SHARED_SECRET_AUDIENCE")

    @field_validator("better_auth_url")
    @classmethod
    def _absolute(cls, url: str | None) -> str | None:
        if url is not None and origin_of(url) is None:
            raise ValueError("must be an http or https URL, without a user name")
        return url and url.rstrip("/")
