"""The addresses of clients: who asks, behind proxies that are trusted, and which addresses count as one.

It trusts nobody by itself.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

# What a client is called that has no address, because it came through a Unix socket.
LOCAL = "local"
# As many entries of `X-Forwarded-For` are looked at, from the right: a chain of trusted proxies is not longer.
MOST_HOPS = 16
# How many bits of an IPv6 address tell one client from another: the rest is the client's own to choose.
_NETWORK_BITS = 64
_PORT, _ZONE = "(?::[0-9]{1,5})?", "(?:%[!-~]{1,32})?"
# An IPv6 address in brackets, an IPv4 address, an IPv6 address; the first two may have a port.
_WRITTEN = re.compile(
    rf"\[([0-9A-Fa-f:.]{{2,45}})\]{_PORT}|([0-9.]{{7,15}}){_PORT}|([0-9A-Fa-f:.]{{2,45}}){_ZONE}"
)


def client_address(peer: str | None, forwarded: Sequence[str], *, trusted: Sequence[Network]) -> str:
    """Return the address of whoever asks: the nearest one that is not of a trusted proxy.

    Args:
        peer: The address at the other end of the connection; None for a Unix socket.
        forwarded: The lines of `X-Forwarded-For`, which each proxy lengthens at its end.
        trusted: The networks of the proxies that are believed.
    """
    # Spec: features/limits.md#LIMIT-020 features/limits.md#LIMIT-021
    nearest = _parsed(peer or "")
    if nearest is None:
        return LOCAL
    found = nearest
    for hop in reversed(",".join(forwarded).rsplit(",", MOST_HOPS)[-MOST_HOPS:] if forwarded else ()):
        if not any(found in network for network in trusted):
            break
        if (before := _parsed(hop)) is None:
            return str(nearest)
        found = before
    return str(found)


def counted_address(address: str) -> str:
    """Return under which name an address is counted: an IPv6 address by its network of 64 bits."""
    # Spec: features/limits.md#LIMIT-022
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, _NETWORK_BITS), strict=False))
    return address if parsed is None else str(parsed)


def _parsed(text: str) -> Address | None:
    """Return an address without its port and zone, an IPv4 address in IPv6 as itself; None if it is none."""
    if (written := _WRITTEN.fullmatch(text.strip(" \t"))) is None:
        return None
    try:
        address = ip_address(next(filter(None, written.groups())))
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
