"""Addresses as settings name them: the origin of a URL, and whether it stays on this machine."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]*:[0-9a-f:.]*")


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


def is_private(url: str) -> bool:
    """Tell whether nobody on a network can change what is fetched: TLS, or this machine."""
    parts = urlsplit(url)
    try:
        return parts.scheme == "https" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"
