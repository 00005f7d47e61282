"""Issuers that are URLs: whether two of them are one that is written in two ways. It trusts none for that."""

import re
from collections.abc import Iterable

# Nothing but what a log line may hold, and no more than 270 characters of it.
_WEB = re.compile(
    r"https?://(\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(:[0-9]{1,5})?/?", re.IGNORECASE | re.ASCII
)
_THIS_MACHINE = ("localhost", "127.0.0.1", "[::1]")
_USUAL_PORTS = (":80", ":443")


def spelled_otherwise(stated: str, configured: Iterable[str]) -> str | None:
    """Return the configured issuer that a stated one is in another spelling, or None.

    Spellings differ in the scheme, letter case, a usual port, a slash at the end, and the name of this machine. A
    stated issuer for which there is one is a plain URL of at most 270 characters.
    """
    place = _place(stated)
    return next((issuer for issuer in configured if place is not None and _place(issuer) == place), None)


def _place(issuer: str) -> tuple[str, str] | None:
    if (match := _WEB.fullmatch(issuer)) is None:
        return None
    host, port = match[1].lower(), match[2] or ""
    return "this machine" if host in _THIS_MACHINE else host, "" if port in _USUAL_PORTS else port
