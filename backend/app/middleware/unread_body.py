"""Ends a connection on which the rest of a body is left unread, instead of reading it for nothing.

It judges no body.
"""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The server reads and forgets so much after an answer, so that a client which still sends can hear it.
MOST_FORGOTTEN = 64 * 1024
_CLOSE = (b"connection", b"close")


class UnreadBody:
    """Answers a request that is refused before its body was read, and closes the connection.

    Args:
        app: The application. Where its client goes away in the middle of a body, nothing is answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        try:
            if scope["type"] == "http" and _may_be_long(scope):
                body = _Body(receive, send)
                await self._app(scope, body.receive, body.send)
            else:
                await self._app(scope, receive, send)
        except ClientDisconnect:
            return


class _Body:
    """A body on its way in, and the answer to it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._read = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._read = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        # Spec: features/operations.md#OPS-030
        if message["type"] == "http.response.start" and not self._read:
            message["headers"] = [*message.get("headers", []), _CLOSE]
        await self._send(message)


def _may_be_long(scope: Scope) -> bool:
    """Tell whether the body is longer than what may be forgotten, or does not say how long it is."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length":
            return not value.isdigit() or len(value) > 9 or int(value) > MOST_FORGOTTEN
    return False
