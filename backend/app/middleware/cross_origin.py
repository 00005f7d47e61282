"""Which web pages may ask, by CORS, and a log line for each that may not.

Who calls is asked further in, and not here.
"""

from collections.abc import Collection

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.schemas.plain_problems import plain_problem
from app.schemas.problem import MEDIA_TYPE
from app.utils.headers import printable

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Prefer",
    "X-Request-ID",
)
_EXPOSED_HEADERS = (
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
_LONGEST_LOGGED = 200
_log = structlog.get_logger("agendum.http")


class CrossOrigin(CORSMiddleware):
    """Lets pages of some origins read the answers.

    Args:
        app: The application.
        origins: Those of `CORS_ORIGINS`, as browsers write them.
        allow_cookies: Whether they may send cookies.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], allow_cookies: bool) -> None:
        # Spec: features/operations.md#OPS-008 features/better-auth.md#BETTER-009
        super().__init__(
            app, origins, _METHODS, _ALLOWED_HEADERS, allow_cookies, expose_headers=_EXPOSED_HEADERS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if (origin := _foreign_origin(headers)) is not None:
            self._note(origin, headers, request_id=scope["state"]["request_id"])
        serve = super().__call__ if self.allow_origins or "origin" in headers else self.app
        await serve(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks beforehand."""
        # Spec: features/operations.md#OPS-054
        answer = super().preflight_response(request_headers)
        return answer if answer.status_code == 200 else _Refusal(headers={"Vary": answer.headers["Vary"]})

    def _note(self, origin: str, headers: Headers, *, request_id: str) -> None:
        """Log an origin that is not allowed, or what an allowed one may not send."""
        # Spec: features/operations.md#OPS-054
        if not self.is_allowed_origin(origin):
            _log.warning(
                "refused origin",
                origin=printable(origin, longest=_LONGEST_LOGGED),
                cors_origins=[*self.allow_origins],
                request_id=request_id,
            )
        elif unknown := self._unknown_headers(headers):
            headers_asked = printable(unknown, longest=_LONGEST_LOGGED)
            _log.warning("refused headers", origin=origin, headers=headers_asked, request_id=request_id)

    def _unknown_headers(self, headers: Headers) -> str:
        asked = headers.get("access-control-request-headers", "").split(",")
        names = [name.strip().lower() for name in asked]
        return ",".join(name for name in names if name and name not in self.allow_headers)


class _Refusal(Response):
    """A preflight that is refused; the body is made for the request that it answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = plain_problem(403, scope["state"]["request_id"])
        headers = {"Vary": self.headers["Vary"]}
        await Response(body, 403, headers, MEDIA_TYPE)(scope, receive, send)


def _foreign_origin(headers: Headers) -> str | None:
    """Return the origin of the page that asks, unless it is a page of our own."""
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin":
        return None
    # The host alone counts: a proxy may speak TLS for us.
    return None if origin.partition("://")[2] == headers.get("host") else origin
