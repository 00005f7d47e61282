"""The last net: an exception that nobody else answered is logged and becomes a 500 that tells nothing."""

import traceback
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger("agendum.http")


class LastNet:
    """Catches what the application raises; it stands inside of CORS, so that a browser may read the answer.

    Args:
        app: The application.
        debug: Whether stack traces are logged.
    """

    def __init__(self, app: ASGIApp, *, debug: bool) -> None:
        self._app = app
        self._debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 (nothing may leave the process unexplained)
            _log_failure(error, scope["state"]["request_id"], debug=self._debug)
            if not begun:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body"})


def _log_failure(error: Exception, request_id: str, *, debug: bool) -> None:
    """Log what failed and where; the message may hold a person's text, so that it is left to the stack trace of debug mode."""
    # Spec: features/operations.md#OPS-006
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
    _log.error("unexpected", error=type(error).__name__, where=where, request_id=request_id, exc_info=error if debug else None)
