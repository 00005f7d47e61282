"""Reads the environment, and refuses what cannot be used or would be dangerous in production."""

import os
import re
from collections.abc import Iterable

from pydantic import ValidationError

from app.config.mail import mail_fault
from app.config.origins import is_private
from app.config.settings import LINK_ADDRESS, MOST_CONNECTIONS, ConfigurationError, Settings

_OURS = "AGENDUM_"
_SHORTEST_SECRET = 32
_FEWEST_CHARACTERS = 10
_PUBLISHED = ("change-me", "changeme", "example", "your-secret", "better-auth-secret")
# What Kubernetes puts into every container beside a Service whose name begins with "agendum".
_SERVICE_LINK = re.compile(r"AGENDUM_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")


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
    _refuse_lonely_sessions(settings)
    if fault := mail_fault(settings, production=settings.production):
        raise ConfigurationError(fault)
    return settings


def _is_service_link(name: str) -> bool:
    is_address = name.endswith("_PORT") and LINK_ADDRESS.match(os.environ[name]) is not None
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
    if not settings.secrets:
        raise ConfigurationError(
            "BETTER_AUTH_SECRET is required in production; make one with: openssl rand -base64 48"
        )
    if (token := settings.metrics_token) is not None and (reason := weakness(token.get_secret_value())):
        raise ConfigurationError(f"AGENDUM_METRICS_TOKEN {reason}; make one with: openssl rand -base64 48")
    named = {"BETTER_AUTH_SECRETS": settings.listed_secrets, "BETTER_AUTH_SECRET": (settings.secret,)}
    for name, secrets in named.items():
        _refuse_weak(name, [secret.get_secret_value() for secret in secrets if secret is not None])
    # A forgotten address must not lead to an empty database in a folder that nobody keeps.
    if settings.database_url is None and "data_dir" not in settings.model_fields_set:
        raise ConfigurationError(
            "DATABASE_URL is required in production, or AGENDUM_DATA_DIR for an embedded database that is kept there"
        )
    if settings.better_auth_url is not None and not is_private(settings.better_auth_url):
        raise ConfigurationError(
            "BETTER_AUTH_URL must be https in production, because keys are fetched from it, unless it is this machine"
        )


def _refuse_lonely_sessions(settings: Settings) -> None:
    # Spec: features/better-auth.md#BETTER-001
    # A secret that we make ourselves, or none, has signed nothing of Better Auth's.
    if settings.better_auth_database == "shared" and not (settings.secrets and settings.better_auth_url):
        raise ConfigurationError(
            "AGENDUM_BETTER_AUTH_DATABASE=shared needs BETTER_AUTH_URL and BETTER_AUTH_SECRET, as Better Auth has them"
        )


def _refuse_weak(name: str, secrets: Iterable[str]) -> None:
    # Spec: features/sessions.md#SESSION-031
    for secret in secrets:
        if reason := weakness(secret):
            raise ConfigurationError(f"{name} {reason}; make one with: openssl rand -base64 48")


def _refuse_crowd(settings: Settings) -> None:
    # Spec: features/operations.md#OPS-086
    if (settings.workers or 1) * settings.pool_size > MOST_CONNECTIONS:
        raise ConfigurationError(
            "AGENDUM_WORKERS times AGENDUM_POOL_SIZE, which each worker has of its own, must be at most "
            f"{MOST_CONNECTIONS} connections"
        )
