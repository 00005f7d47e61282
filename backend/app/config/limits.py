"""How often anybody may ask, where that is counted, and whose word about addresses is believed. It counts nothing."""

from collections.abc import Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

Network: TypeAlias = IPv4Network | IPv6Network


class Limit(StrEnum):
    """What is limited: by person what they ask for, by address `/auth`, and what of both may be abused."""

    READ = "read"
    WRITE = "write"
    HEAVY = "heavy"
    AUTH = "auth"
    FAILED_LOGINS = "failed-logins"
    MAILS = "mails"


RATES = (Limit.READ, Limit.WRITE, Limit.HEAVY, Limit.AUTH)
DEFAULT_LIMITS = {
    Limit.READ: "6000/minute",
    Limit.WRITE: "3000/minute",
    Limit.HEAVY: "300/minute",
    Limit.AUTH: "30/minute",
    Limit.FAILED_LOGINS: "10/10 minutes",
    Limit.MAILS: "5/hour",
}
_AMOUNTS, _PERIODS = range(1, 10**9), range(1, 31 * 24 * 3600)
_OFF = "off"
_REDIS = ("redis", "rediss", "unix")


class LimitSettings(BaseSettings):
    """The limits by person and by address, and what they rest on."""

    given_limits: str = Field(default="", alias="AGENDUM_LIMITS")
    redis_url: SecretStr | None = Field(default=None, alias="REDIS_URL")
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(), alias="AGENDUM_TRUSTED_PROXIES"
    )

    @property
    def limits(self) -> Mapping[str, RateLimitItem | None]:
        """Every limit; None where there is none."""
        return _limits(self.given_limits)

    @field_validator("given_limits")
    @classmethod
    def _understood(cls, text: str) -> str:
        _limits(text)
        return text

    @field_validator("redis_url")
    @classmethod
    def _of_redis(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in _REDIS:
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        # Spec: features/limits.md#LIMIT-020
        networks = tuple(_network(part.strip()) for part in value.split(",") if part.strip())
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("must not be everybody: then anybody could choose an address")
        return networks


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError("must be addresses or networks such as 10.0.0.0/8, separated by commas") from None


def _limits(text: str) -> dict[str, RateLimitItem | None]:
    # Spec: features/limits.md#LIMIT-003
    found: dict[str, RateLimitItem | None] = {
        limit: _parsed(default) for limit, default in DEFAULT_LIMITS.items()
    }
    if text.strip() == _OFF:
        return found | dict.fromkeys(RATES)
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, rate = (piece.strip() for piece in part.partition("="))
        if name not in list(Limit):
            raise ValueError(f"must name limits, each with = and a rate: {', '.join(Limit)}; or be off")
        found[name] = _parsed(rate)
    return found


def _parsed(rate: str) -> RateLimitItem | None:
    if rate == _OFF:
        return None
    try:
        (item,) = parse_many(rate)
    except ValueError:
        item = None
    if item is None or item.amount not in _AMOUNTS or item.get_expiry() not in _PERIODS:
        raise ValueError("must have rates such as 600/minute or 10/10 minutes, or off")
    return item
