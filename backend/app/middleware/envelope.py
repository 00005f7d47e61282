"""Around every request of every door: request id, security headers and log line. It writes no body."""

import re
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

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
    """Wraps all doors.

    Args:
        app: The doors.
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
    """One response on its way out."""

    def __init__(self, send: Send, *, request_id: str, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.request_id = request_id
        self.status = 0
        self._send = send
        self._headers = headers

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", []))
            present = {name for name, _value in headers}
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(header for header in self._headers if header[0] not in present)
            message["headers"] = headers
        await self._send(message)


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
