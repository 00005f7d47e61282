"""Catches what a door leaves unanswered: each failure in it, and what took too long, becomes an error body of the door.

It knows no dialect itself.
"""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.utils.outcomes import new_outcome

_log = structlog.get_logger("agendum.http")


class Dialect(NamedTuple):
    """How a door says an error that nobody has more to say about.

    Attributes:
        media_type: The content type of its errors.
        body: Makes the body of a status, for the request with an id.
    """

    media_type: str
    body: Callable[[int, str], bytes]


class LastNet:
    """Answers an exception as a 500 that tells nothing, and gives every error of another content type the door's body.

    Args:
        app: The door.
        dialect: How the door says errors.
        debug: Whether stack traces are logged.
    """

    def __init__(self, app: ASGIApp, *, dialect: Dialect, debug: bool) -> None:
        self._app = app
        self._dialect = dialect
        self._debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._dialect, scope["state"]["request_id"])
        # The server looks at it before it gives a request up.
        scope["state"]["outcome"] = outcome = new_outcome()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 (nothing may leave the process unexplained)
            # Spec: features/operations.md#OPS-091
            _log_failure(error, scope["state"]["request_id"], debug=self._debug)
            if not answer.begun:
                await answer.fail(500, [])
        except asyncio.CancelledError:
            if answer.begun or not outcome.is_given_up or (task := asyncio.current_task()) is None:
                raise
            # Spec: features/operations.md#OPS-114
            task.uncancel()
            await answer.fail(503, [(b"retry-after", b"1")])


class _Answer:
    """One response on its way out of the door."""

    def __init__(self, send: Send, dialect: Dialect, request_id: str) -> None:
        self.begun = False
        self._send = send
        self._dialect = dialect
        self._request_id = request_id
        self._replaced = False

    async def send(self, message: Message) -> None:
        if not self.begun and message["type"] == "http.response.start" and message["status"] >= 400:
            await self._check(message)
            return
        self.begun = True
        if not self._replaced:
            await self._send(message)

    async def fail(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        # Spec: features/operations.md#OPS-001 features/operations.md#OPS-090
        self.begun = True
        body, kind = self._dialect.body(status, self._request_id), self._dialect.media_type.encode()
        described = [*headers, (b"content-type", kind), (b"content-length", str(len(body)).encode())]
        await self._send({"type": "http.response.start", "status": status, "headers": described})
        await self._send({"type": "http.response.body", "body": body})

    async def _check(self, message: Message) -> None:
        """Let an error of the door's content type pass, and replace any other one."""
        headers = list(message.get("headers", []))
        if dict(headers).get(b"content-type", b"").startswith(self._dialect.media_type.encode()):
            self.begun = True
            await self._send(message)
            return
        self._replaced = True
        kept = [(name, value) for name, value in headers if not name.startswith(b"content-")]
        await self.fail(message["status"], kept)


def _log_failure(error: Exception, request_id: str, *, debug: bool) -> None:
    """Log what failed and where; the message may hold a person's text, and is left to the stack trace of debug mode."""
    # Spec: features/operations.md#OPS-006
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
    _log.error(
        "unexpected",
        error=type(error).__name__,
        where=where,
        request_id=request_id,
        exc_info=error if debug else None,
    )
