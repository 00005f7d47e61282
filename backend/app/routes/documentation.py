"""The OpenAPI document, and the page that shows it.

The page is Swagger UI from this package, so that it works without any other host.
"""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.staticfiles import StaticFiles

from app.dependencies.routing import Route
from app.dependencies.work import keeps_answers, takes_condition
from app.http.openapi_document import describe_document
from app.http.openapi_headers import describe_headers
from app.http.openapi_limits import describe_limits
from app.http.problems import codes
from app.models.account import ENTITY
from app.repositories.kinds import KINDS
from app.routes.front import STATIC
from app.schemas.base import Input, Output
from app.schemas.problem import Problem

# Swagger UI sets styles on elements and draws its icons from data URLs; scripts come from our own files alone.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_documentation() -> FileResponse:
    """Show the documentation page."""
    # Spec: features/operations.md#OPS-019
    return FileResponse(STATIC / "docs.html", headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/")
async def lead_to_documentation() -> RedirectResponse:
    """Lead to the address without the slash; the new one is relative, so that it repeats nothing of the request."""
    # Spec: features/operations.md#OPS-053
    return RedirectResponse("../docs")


def mount_assets(app: FastAPI) -> None:
    """Serve the page's own files."""
    app.mount("/docs/assets", StaticFiles(directory=STATIC), name="documentation-assets")


def describe(app: FastAPI) -> None:
    """Complete the OpenAPI document once it is made; FastAPI keeps it, and makes another when a route is added."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        if Problem.__name__ not in document["components"]["schemas"]:
            _complete(document)
            conditional, keyed = _those(app, takes_condition), _those(app, keeps_answers)
            describe_headers(document, conditional=conditional, keyed=keyed)
            describe_limits(document, limited=_limited(app))
            describe_document(document, codes=codes(), entities=[*(kind.entity for kind in KINDS), ENTITY])
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    """Say the schemas as Pydantic does: FastAPI leaves out every null, in examples too."""
    schemas = document["components"]["schemas"]
    known = {*schemas, Problem.__name__}
    shapes = [
        (shape, mode)
        for shape, mode in (*_shapes(Input, "validation"), *_shapes(Output, "serialization"))
        if shape.__name__ in known
    ]
    _, described = models_json_schema(shapes, ref_template="#/components/schemas/{model}")
    schemas |= described["$defs"]


def _those(app: FastAPI, holds: Callable[[Dependant], bool]) -> set[str]:
    """Return the ids of the operations for which something holds."""
    return {str(route.unique_id) for route in _described(app) if holds(route.dependant)}


def _limited(app: FastAPI) -> set[str]:
    """Return the ids of the operations that may be asked only so often."""
    made = [(route.unique_id, route.original_route) for route in _described(app)]
    return {str(name) for name, route in made if isinstance(route, Route) and any(route.admission)}


def _described(app: FastAPI) -> list[RouteContext]:
    return [route for route in iter_route_contexts(app.routes) if isinstance(route.original_route, APIRoute)]


def _shapes(kind: type[BaseModel], mode: JsonSchemaMode) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    for shape in kind.__subclasses__():
        yield shape, mode
        yield from _shapes(shape, mode)
