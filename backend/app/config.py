"""Settings, from the environment alone. Reading them has no effect, and nothing reads them at import."""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_OURS = "AGENDUM_"
_SHORTEST_SECRET = 32
_FEWEST_CHARACTERS = 10
_PUBLISHED = ("change-me", "changeme", "example", "your-secret", "better-auth-secret")
_MOST_CONNECTIONS = 1000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")
# What Kubernetes puts into every container beside a Service whose name begins with "agendum".
_SERVICE_LINK = re.compile(r"AGENDUM_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
_LINK_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


class ConfigurationError(Exception):
    """The environment cannot be used; the text says what to change and holds no secret."""


class Environment(StrEnum):
    """Where the service runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
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
    pool_size: int = Field(default=10, ge=1, le=_MOST_CONNECTIONS, alias="AGENDUM_POOL_SIZE")
    database_url: SecretStr | None = Field(default=None, alias="DATABASE_URL")
    secret: SecretStr | None = Field(default=None, alias="BETTER_AUTH_SECRET")
    better_auth_url: str | None = Field(default=None, alias="BETTER_AUTH_URL")
    better_auth_audience: str | None = Field(default=None, alias="AGENDUM_BETTER_AUTH_AUDIENCE")
    shared_secret_issuer: str | None = Field(default=None, alias="AGENDUM_SHARED_SECRET_ISSUER")
    shared_secret_audience: str | None = Field(default=None, alias="AGENDUM_SHARED_SECRET_AUDIENCE")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(default=(), alias="CORS_ORIGINS")

    @property
    def production(self) -> bool:
        """Whether other people depend on it."""
        return self.environment is Environment.PRODUCTION

    @field_validator("port", mode="before")
    @classmethod
    def _not_a_link(cls, value: object) -> object:
        is_link = isinstance(value, str) and _LINK_ADDRESS.match(value)
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

    @field_validator("better_auth_url")
    @classmethod
    def _absolute(cls, url: str | None) -> str | None:
        if url is not None and origin_of(url) is None:
            raise ValueError("must be an http or https URL, without a user name")
        return url and url.rstrip("/")


def origin_of(url: str) -> str | None:
    """Return scheme, host and port of a URL as browsers and Better Auth write them; None if it has none, or a user.

    Names are lower case and a default port is left out, by the URL standard's serialization of an origin.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    written = f"[{host}]" if ":" in host else host
    ending = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{written}{ending}"


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return where data lives when nothing else is said: the system's place for root, otherwise the person's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/agendum")
    base = environment.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "agendum"


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: A value is wrong, a variable is not known, or production lacks what it needs.
    """
    # Spec: features/operations.md#OPS-009
    known = {str(field.alias) for field in Settings.model_fields.values()}
    ours = {name for name in os.environ if name.startswith(_OURS) and not _is_service_link(name)}
    if unknown := sorted(ours - known):
        raise ConfigurationError(f"unknown settings: {', '.join(unknown)}")
    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(faults) from None
    _refuse_weakness(settings)
    _refuse_crowd(settings)
    return settings


def _is_service_link(name: str) -> bool:
    is_address = name.endswith("_PORT") and _LINK_ADDRESS.match(os.environ[name]) is not None
    return is_address or _SERVICE_LINK.fullmatch(name) is not None


def weakness(secret: str) -> str | None:
    """Tell why a secret is too weak for production, or None."""
    # Spec: features/operations.md#OPS-009
    if len(secret) < _SHORTEST_SECRET:
        return f"must have at least {_SHORTEST_SECRET} characters"
    if len(set(secret)) < _FEWEST_CHARACTERS:
        return "repeats itself"
    return "is an example" if any(word in secret.lower() for word in _PUBLISHED) else None


def _refuse_weakness(settings: Settings) -> None:
    if not settings.production:
        return
    if settings.secret is None:
        raise ConfigurationError(
            "BETTER_AUTH_SECRET is required in production; make one with: openssl rand -base64 48"
        )
    if reason := weakness(settings.secret.get_secret_value()):
        raise ConfigurationError(f"BETTER_AUTH_SECRET {reason}; make one with: openssl rand -base64 48")
    # A forgotten address must not lead to an empty database in a folder that nobody keeps.
    if settings.database_url is None and "data_dir" not in settings.model_fields_set:
        raise ConfigurationError(
            "DATABASE_URL is required in production, or AGENDUM_DATA_DIR for an embedded database that is kept there"
        )
    if settings.better_auth_url is not None and not _is_private(settings.better_auth_url):
        raise ConfigurationError(
            "BETTER_AUTH_URL must be https in production, because keys are fetched from it, unless it is this machine"
        )


def _refuse_crowd(settings: Settings) -> None:
    # Spec: features/operations.md#OPS-086
    if (settings.workers or 1) * settings.pool_size > _MOST_CONNECTIONS:
        raise ConfigurationError(
            "AGENDUM_WORKERS times AGENDUM_POOL_SIZE, which each worker has of its own, must be at most "
            f"{_MOST_CONNECTIONS} connections"
        )


def _is_private(url: str) -> bool:
    """Tell whether nobody on a network can change what is fetched: TLS, or this machine."""
    parts = urlsplit(url)
    try:
        return parts.scheme == "https" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"
