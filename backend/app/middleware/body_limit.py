"""What a body may be, before anything parses it: JSON by its content type, and no more than 1 MiB."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1024 * 1024
PATIENCE = 30.0
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class BodyLimit:
    """Reads a body whole, up to the limit, and hands it on as one message.

    Args:
        app: The application.
        patience: How many seconds a body may take to arrive.
    """

    def __init__(self, app: ASGIApp, *, patience: float = PATIENCE) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] not in _WITH_BODY:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            async with asyncio.timeout(self._patience):
                body = None if _announced(headers) > LARGEST_BODY else await _read(receive)
        except TimeoutError:
            await _refuse(send, 408)
        except ClientDisconnect:
            return  # Half a request asks for nothing, and nobody hears an answer.
        else:
            if (status := _fault(body, headers)) is not None:
                await _refuse(send, status)
            else:
                await self._app(scope, _replay(body or b"", receive), send)


def _fault(body: bytes | None, headers: dict[bytes, bytes]) -> int | None:
    """Return the status with which a body is refused, or None; None for a body is one that is too large."""
    # Spec: features/operations.md#OPS-003
    if body is None:
        return 413
    if body and not _is_json(headers.get(b"content-type", b"")):
        return 415
    # A NUL is no part of JSON; it is in every text of UTF-16 and UTF-32, which the parser would guess at.
    return 400 if b"\0" in body else None


def _announced(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() and len(length) < 20 else 0


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None when it is larger than allowed; what the client announced is not believed.

    Raises:
        ClientDisconnect: The client went away before it was complete.
    """
    # Spec: features/operations.md#OPS-002
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


async def _refuse(send: Send, status: int) -> None:
    """Answer and close: the rest of the body is not read. The envelope outside makes the problem body."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body"})


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
