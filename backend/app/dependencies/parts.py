"""The parts of the process that serves a request, and the moment, as a route may ask for them."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from app.runtime import Runtime


def runtime_of(request: Request) -> Runtime:
    """Return the parts of the process that serves a request."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def now(request: Request) -> datetime:
    """Return the moment, aware and in UTC."""
    return runtime_of(request).clock()


async def parts(request: Request) -> Runtime:
    """Return the parts of the process, for what needs no caller."""
    return runtime_of(request)


async def is_ending(request: Request) -> bool:
    """Tell whether the server is about to end, which it says with each request by then."""
    return bool(request.scope["state"].get("is_ending"))


Parts = Annotated[Runtime, Depends(parts)]
Now = Annotated[datetime, Depends(now)]
IsEnding = Annotated[bool, Depends(is_ending)]
