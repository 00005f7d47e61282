"""Gives the requests below some paths to other doors than the JSON door. It reads and changes nothing of them."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from app.middleware.last_net import Dialect, LastNet
from app.middleware.unread_body import UnreadBody


class Door(NamedTuple):
    """A door that speaks HTTP: its application, and how it says the errors that the application does not answer."""

    app: ASGIApp
    dialect: Dialect


class Beside:
    """Stands before the JSON door, which gets every request that is of no other door.

    Args:
        app: The JSON door.
        doors: The others, by the paths below which they are.
        debug: Whether stack traces are logged.
    """

    def __init__(self, app: ASGIApp, *, doors: Mapping[str, Door], debug: bool) -> None:
        self._app = app
        self._mounts = [
            Mount(path, LastNet(UnreadBody(door.app), dialect=door.dialect, debug=debug))
            for path, door in doors.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        # Spec: features/operations.md#OPS-090
        for mount in self._mounts if scope["type"] == "http" else ():
            match, below = mount.matches(scope)
            if match is Match.FULL:
                scope.update(below)
                await mount.handle(scope, receive, send)
                return
        await self._app(scope, receive, send)
