"""Who is an administrator by what another issuer says of them. It makes nobody one by itself."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

_LONGEST_NAME = 255


class AdministrationSettings(BaseSettings):
    """Where the tokens of other issuers say who is an administrator."""

    role_claim: str | None = Field(default=None, alias="AGENDUM_ROLE_CLAIM")

    @field_validator("role_claim")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        # Spec: features/administration.md#ADMIN-003
        if name is not None and not (
            name.isprintable() and name == name.strip() and len(name) <= _LONGEST_NAME
        ):
            raise ValueError("must be the name of a claim, such as role or realm_access.roles")
        return name
