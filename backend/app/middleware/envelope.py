"""Around every request of every door: ids, security headers, log line and count. It writes no body."""

import re
from collections.abc import MutableMapping
from time import perf_counter
from typing import Any

import structlog
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.utils.metrics import Metrics

# Spec: features/operations.md#OPS-004
_ACCEPTED_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# Of https://www.w3.org/TR/trace-context/#traceparent-header, with the id of the trace; one of zeros is none.
_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
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
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, *, production: bool, metrics: Metrics | None = None) -> None:
        # Spec: features/operations.md#OPS-007
        self._app = app
        self._metrics = metrics or Metrics()
        self._headers = (*_HEADERS, _STRICT_TRANSPORT) if production else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(scope)
        answer = _Answer(send, state, headers=self._headers)
        await self._app(scope, receive, answer.send)
        self._note(scope, answer, seconds=perf_counter() - began)

    def _note(self, scope: Scope, answer: "_Answer", *, seconds: float) -> None:
        status, route = answer.status or _UNHEARD, getattr(scope.get("route"), "path", None)
        self._metrics.count_request(method=str(scope["method"]), route=route, status=status, seconds=seconds)
        _log_request(scope, status, request_id=answer.request_id, ms=round(seconds * 1000, 2))


class _Answer:
    """One response on its way out, with the headers that the state of its request has for it."""

    def __init__(
        self, send: Send, state: MutableMapping[str, Any], *, headers: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        self.request_id: str = state["request_id"]
        self.status = 0
        self._send = send
        self._state = state
        self._headers = headers

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message.get("headers", []))
            present = {name for name, _value in headers}
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(header for header in self._headers if header[0] not in present)
            headers.extend(self._state.get("answer_headers", ()))
            message["headers"] = headers
        await self._send(message)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _ACCEPTED_ID.fullmatch(value) else str(uuid7())
    return str(uuid7())


def _trace_id(scope: Scope) -> str | None:
    """Return the id of the trace that a request is part of: ours if there are traces, else the caller's (W3C)."""
    # Spec: features/observability.md#OBS-005
    if (ours := trace.get_current_span().get_span_context()).is_valid:
        return trace.format_trace_id(ours.trace_id)
    for name, value in scope["headers"]:
        if name == b"traceparent":
            parent = _TRACE_PARENT.fullmatch(value)
            return None if parent is None else parent[1].decode()
    return None


def _log_request(scope: MutableMapping[str, Any], status: int, *, request_id: str, ms: float) -> None:
    # Spec: features/operations.md#OPS-005
    write = _log.info if status < 400 else _log.warning if status < 500 else _log.error
    write(
        "request",
        method=scope["method"],
        route=getattr(scope.get("route"), "path", None),
        status=status,
        ms=ms,
        request_id=request_id,
        user_id=scope["state"].get("user_id"),
        trace_id=_trace_id(scope),
        **scope["state"].get("log", {}),
    )
