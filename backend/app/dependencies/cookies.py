"""The session cookie of a request, and whether the page that sent it may change anything. It judges no cookie."""

from collections.abc import Collection

from fastapi import Request

from app.dependencies.parts import runtime_of
from app.domain.account_errors import ForeignOrigin

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURE = "__Secure-"
_FOREIGN = "What is sent with a cookie and changes something must come from a page whose origin is known."


def session_cookie(request: Request) -> str | None:
    """Return the session cookie as it was sent, or None if there is none, or none is a credential here.

    Raises:
        ForeignOrigin: There is one, and what it is sent with would change something for a page that may not.
    """
    shared = runtime_of(request).shared
    if shared is None:
        return None
    cookies = read_cookies("; ".join(request.headers.getlist("cookie")))
    cookie = cookies.get(_SECURE + shared.cookie) or cookies.get(shared.cookie) or None
    if cookie is not None and request.method not in _SAFE:
        _refuse_foreign_page(request, shared.origins)
    return cookie


def read_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a header by their names, of each name the first, as Better Auth reads them."""
    # Spec: features/better-auth.md#BETTER-007
    cookies: dict[str, str] = {}
    for pair in header.split(";"):
        name, _equals, value = pair.partition("=")
        cookies.setdefault(name.strip(), value.strip().strip('"'))
    return cookies


def _refuse_foreign_page(request: Request, origins: Collection[str]) -> None:
    # Spec: features/better-auth.md#BETTER-008
    origin = request.headers.get("origin", "")
    # Of our own origin the host alone counts: a proxy may speak TLS for us.
    own = origin.partition("://")[2]
    if origin not in origins and not (own and own == request.headers.get("host")):
        raise ForeignOrigin(_FOREIGN)
