"""What may be set of limits, what is refused, and what the start says of workers that count by themselves."""

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from app.config import Limit, Settings
from app.config.limits import LimitSettings
from app.server.process import _tell_of_limits

EVERY = {
    Limit.READ: "6000 per 1 minute",
    Limit.WRITE: "3000 per 1 minute",
    Limit.HEAVY: "300 per 1 minute",
    Limit.AUTH: "30 per 1 minute",
    Limit.FAILED_LOGINS: "10 per 10 minute",
    Limit.MAILS: "5 per 1 hour",
}


def told(text: str) -> dict[str, str]:
    return {name: str(item) for name, item in LimitSettings(AGENDUM_LIMITS=text).limits.items()}


@pytest.mark.spec("LIMIT-003")
@pytest.mark.parametrize(
    ("text", "different"),
    [
        ("", {}),
        ("read=12000/minute", {Limit.READ: "12000 per 1 minute"}),
        (" auth = 5 per 2 hours , heavy=off,", {Limit.AUTH: "5 per 2 hour", Limit.HEAVY: "None"}),
        ("failed-logins=3/hour", {Limit.FAILED_LOGINS: "3 per 1 hour"}),
        ("off", dict.fromkeys((Limit.READ, Limit.WRITE, Limit.HEAVY, Limit.AUTH), "None")),
    ],
)
def test_what_is_not_named_stays_as_it_is(text: str, different: dict[str, str]) -> None:
    assert told(text) == EVERY | different


@pytest.mark.spec("LIMIT-003")
@pytest.mark.parametrize(
    "text",
    [
        "all=1/minute",
        "read",
        "read=",
        "read=0/minute",
        "read=-1/minute",
        "read=1/fortnight",
        "read=1/minute;2/hour",
        "read=1/99999999 hours",
        f"read={'9' * 5000}/minute",
        "off,read=1/minute",
        "6000/minute",
    ],
)
def test_what_cannot_be_understood_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValidationError, match=r"must (have rates|name limits)"):
        LimitSettings(AGENDUM_LIMITS=text)


@pytest.mark.spec("LIMIT-020")
def test_proxies_are_addresses_and_networks_and_never_everybody() -> None:
    settings = LimitSettings(AGENDUM_TRUSTED_PROXIES="10.0.0.0/8, fd00::/8 ,127.0.0.1")
    assert settings.trusted_proxies == tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")))
    assert LimitSettings().trusted_proxies == ()
    for wrong in ("0.0.0.0/0", "::/0", "*", "proxy.example.com", "10.0.0.1/8"):
        with pytest.raises(ValidationError, match=r"must (not be everybody|be addresses)"):
            LimitSettings(AGENDUM_TRUSTED_PROXIES=wrong)


@pytest.mark.spec("LIMIT-010")
@pytest.mark.parametrize("url", ["http://host", "host:6379", "memcached://host:1/canary"])
def test_only_an_address_of_redis_is_taken_and_never_told(url: str) -> None:
    assert LimitSettings(REDIS_URL="rediss://:canary@host:6380/1").redis_url is not None
    assert "canary" not in repr(LimitSettings(REDIS_URL="unix://:canary@/run/redis.sock"))
    with pytest.raises(ValidationError) as refused:
        Settings(REDIS_URL=url)
    assert url not in str(refused.value)


@pytest.mark.spec("LIMIT-013")
@pytest.mark.parametrize(
    ("workers", "redis", "is_told"), [(1, None, False), (2, None, True), (2, "redis://host", False)]
)
def test_the_start_says_that_workers_count_by_themselves(
    capsys: pytest.CaptureFixture[str], workers: int, redis: str | None, *, is_told: bool
) -> None:
    _tell_of_limits(Settings(REDIS_URL=redis), workers=workers)
    assert ("REDIS_URL" in capsys.readouterr().out) is is_told
