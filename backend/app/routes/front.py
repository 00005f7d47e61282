"""What stands at the address of the service itself: a page for a person, addresses for a program.

It knows no caller.
"""

from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse

from app import __version__

STATIC = Path(__file__).resolve().parents[1] / "static"
# For pages without a script.
STILL = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}
_LINKS: dict[str, Any] = {
    "name": "Agendum",
    "version": __version__,
    "documentation": "/docs",
    "openapi": "/openapi.json",
    "problems": "/problems",
    "health": {"live": "/health/live", "ready": "/health/ready"},
    "register": "/auth/register",
    "login": "/auth/login",
    "me": "/api/me",
    "tasks": "/api/tasks",
    "changes": "/api/changes",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def greet() -> FileResponse:
    """Show what this is and where to go on."""
    # Spec: features/operations.md#OPS-051
    return FileResponse(STATIC / "index.html", headers=STILL)


@router.get("/api")
async def list_addresses() -> dict[str, Any]:
    """Give name, version and the addresses to go on with."""
    # Spec: features/operations.md#OPS-051
    return _LINKS


@router.get("/favicon.ico")
async def show_icon() -> FileResponse:
    """Give the icon to a browser that asks for it by itself."""
    return FileResponse(STATIC / "favicon.ico", media_type="image/x-icon")


@router.get("/robots.txt")
async def turn_robots_away() -> FileResponse:
    """Ask search engines to list nothing: the service is for those who have its address."""
    return FileResponse(STATIC / "robots.txt")
