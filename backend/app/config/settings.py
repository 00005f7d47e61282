"""Every setting, with what each may be. It reads nothing by itself."""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from app.config.administration import AdministrationSettings
from app.config.better_auth import IssuerSettings
from app.config.limits import LimitSettings
from app.config.mail import MailSettings
from app.config.observation import ObservationSettings
from app.config.origins import origin_of
from app.config.secrets import SecretSettings
from app.config.serving import ServingSettings
from app.config.shared_sessions import SharedSessionSettings

MOST_CONNECTIONS = 1000
# What Kubernetes puts into every container beside a Service has such a value.
LINK_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class ConfigurationError(Exception):
    """The environment cannot be used; the text says what to change and holds no secret."""


class Environment(StrEnum):
    """Where the service runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(
    AdministrationSettings,
    IssuerSettings,
    LimitSettings,
    MailSettings,
    ObservationSettings,
    SecretSettings,
    ServingSettings,
    SharedSessionSettings,
):
    """Every setting; `.env.example` has a sentence for each."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, populate_by_name=True, hide_input_in_errors=True
    )

    environment: Environment = Field(default=Environment.DEVELOPMENT, alias="AGENDUM_ENV")
    host: str = Field(default="127.0.0.1", alias="AGENDUM_HOST")
    port: int = Field(default=8000, ge=0, le=65535, alias="AGENDUM_PORT")
    data_dir: Path = Field(default_factory=lambda: default_data_dir(os.environ), alias="AGENDUM_DATA_DIR")
    debug: bool = Field(default=False, alias="AGENDUM_DEBUG")
    workers: int | None = Field(default=None, ge=1, le=256, alias="AGENDUM_WORKERS")
    pool_size: int = Field(default=10, ge=1, le=MOST_CONNECTIONS, alias="AGENDUM_POOL_SIZE")
    database_url: SecretStr | None = Field(default=None, alias="DATABASE_URL")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), alias="CORS_ORIGINS")

    @property
    def production(self) -> bool:
        """Whether other people depend on it."""
        return self.environment is Environment.PRODUCTION

    @property
    def own_address(self) -> str:
        """The base URL of what is listened on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @field_validator("port", mode="before")
    @classmethod
    def _not_a_link(cls, value: object) -> object:
        is_link = isinstance(value, str) and LINK_ADDRESS.match(value)
        return cls.model_fields["port"].default if is_link else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(origin.strip() for origin in value.split(",") if origin.strip())

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        # Spec: features/operations.md#OPS-008
        for origin in origins:
            normal = origin_of(origin)
            if normal is None:
                raise ValueError(
                    "must name origins such as https://app.example.com, without a path, and not *"
                )
            if normal != origin:
                raise ValueError(f"must be written as a browser sends it: {normal}")
        return origins


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return where data lives when nothing else is said: the system's place for root, otherwise the person's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/agendum")
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "agendum"
