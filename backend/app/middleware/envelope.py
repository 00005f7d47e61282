"""Around every request, as one pure ASGI layer: request id, security headers, log line, and a problem body for every error."""

import re
from collections.abc import MutableMapping
from http import HTTPStatus
from time import perf_counter
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.schemas.problem import MEDIA_TYPE, problem_body

# Spec: features/operations.md#OPS-004
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
# What is logged for a client that went away before an answer had begun.
_UNHEARD = 499
_log = structlog.get_logger("agendum.http")


class Envelope:
    """Wraps the application.

    Args:
        app: The application.
        production: Whether to tell browsers to keep to HTTPS.
    """

    def __init__(self, app: ASGIApp, *, production: bool) -> None:
        # Spec: features/operations.md#OPS-007
        self._app = app
        self._headers = (*_HEADERS, _STRICT_TRANSPORT) if production else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        answer = _Answer(send, request_id=_request_id(scope), headers=self._headers)
        scope.setdefault("state", {})["request_id"] = answer.request_id
        await self._app(scope, receive, answer.send)
        _log_request(scope, answer, seconds=perf_counter() - began)


class _Answer:
    """One response on its way out; an error that is not a problem body yet becomes one."""

    def __init__(self, send: Send, *, request_id: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.request_id = request_id
        self.status = 0
        self._send = send
        self._headers = headers
        self._replaced = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not self._replaced:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        status, headers = message["status"], list(message.get("headers", []))
        present = dict(headers)
        if status >= 400 and not present.get(b"content-type", b"").startswith(MEDIA_TYPE.encode()):
            self._replaced = True
            await self._problem(status, [(name, value) for name, value in headers if not name.startswith(b"content-")])
            return
        self.status = status
        message["headers"] = self._complete(headers, present)
        await self._send(message)

    async def _problem(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        body = plain_problem(status, self.request_id)
        described = [*headers, (b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self._send({"type": "http.response.start", "status": status, "headers": self._complete(described, dict(described))})
        await self._send({"type": "http.response.body", "body": body})

    def _complete(self, headers: list[tuple[bytes, bytes]], present: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        headers.append((b"x-request-id", self.request_id.encode()))
        headers.extend(header for header in self._headers if header[0] not in present)
        return headers


# The statuses that nobody has more to say about: code, title and detail.
PLAIN: dict[int, tuple[str, str, str]] = {
    400: ("MALFORMED_REQUEST", "Malformed request", "The request cannot be read."),
    403: ("ORIGIN_NOT_ALLOWED", "Origin not allowed", "A page of this origin may not ask this; the log says what was refused."),
    404: ("NOT_FOUND", "Not found", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "Method not allowed", "This address does not take this method."),
    408: ("REQUEST_TIMEOUT", "Request timeout", "The body did not arrive in time."),
    413: ("BODY_TOO_LARGE", "Body too large", "The body is larger than this operation takes."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Unsupported media type", "The body must be JSON, with a JSON content type."),
    500: ("INTERNAL_ERROR", "Internal error", "Something went wrong on our side; the request id helps to find it."),
}


def plain_problem(status: int, request_id: str, *, detail: str | None = None) -> bytes:
    """Return the problem body of a status that nobody has more to say about, but for a detail of its own."""
    # Spec: features/operations.md#OPS-001
    code, title, usual = plain_words(status)
    return problem_body(status, code=code, title=title, detail=detail or usual, request_id=request_id)


def plain_words(status: int) -> tuple[str, str, str]:
    """Return code, title and detail of a status: ours, or else its name in HTTP under the code of its class."""
    # Spec: features/spec-driven.md#SPEC-014
    if status in PLAIN:
        return PLAIN[status]
    name = HTTPStatus(status).phrase
    return PLAIN[400 if status < 500 else 500][0], name, f"{name}."


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _ACCEPTED_ID.fullmatch(value) else str(uuid7())
    return str(uuid7())


def _log_request(scope: MutableMapping[str, Any], answer: _Answer, *, seconds: float) -> None:
    # Spec: features/operations.md#OPS-005
    status = answer.status or _UNHEARD
    write = _log.info if status < 400 else _log.warning if status < 500 else _log.error
    write(
        "request",
        method=scope["method"],
        route=getattr(scope.get("route"), "path", None),
        status=status,
        ms=round(seconds * 1000, 2),
        request_id=answer.request_id,
        user_id=scope["state"].get("user_id"),
        **scope["state"].get("log", {}),
    )
