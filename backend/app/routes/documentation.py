"""The documentation page: Swagger UI from this package, so that it works without any other host."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

_STATIC = Path(__file__).resolve().parents[1] / "static"
# Swagger UI sets styles on elements and draws its icons from data URLs; scripts come from our own files alone.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_documentation() -> FileResponse:
    """Show the documentation page."""
    # Spec: features/operations.md#OPS-019
    return FileResponse(_STATIC / "docs.html", headers={"Content-Security-Policy": _POLICY})


def mount_assets(app: FastAPI) -> None:
    """Serve the page's own files."""
    app.mount("/docs/assets", StaticFiles(directory=_STATIC), name="documentation-assets")
