"""How refusals are said over HTTP: the one table from kind to status, and the handlers that use it. It never raises one itself."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.domain.errors import (
    AgendumError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.middleware.envelope import plain_problem
from app.schemas.messages import field_errors
from app.schemas.problem import MEDIA_TYPE, Problem, problem_body

STATUS: dict[type[AgendumError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Stale: 412,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}
_MEANINGS = {
    400: "The request cannot be read.",
    401: "The credential is missing or not acceptable.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It contradicts what is there.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not JSON by its content type.",
    422: "A field breaks a rule.",
    500: "Something went wrong on our side.",
    503: "Something that the answer needs is away; try again shortly.",
}
BODY = (400, 413, 415, 422)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation for the OpenAPI document: these statuses, and 500."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {status: {"description": _MEANINGS[status], "content": content} for status in sorted({*statuses, 500})}


def answer_problems(app: FastAPI) -> None:
    """Make the application answer every error as a problem body."""
    # Starlette's signature promises any exception to each handler; it gives each its own kind.
    app.add_exception_handler(AgendumError, _answer_refusal)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _answer_validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _answer_plain)  # type: ignore[arg-type]


def status_of(refusal: AgendumError) -> int:
    """Return the status of a refusal, by its kind."""
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


async def _answer_refusal(request: Request, refusal: AgendumError) -> Response:
    status = status_of(refusal)
    body = problem_body(
        status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        request_id=request.state.request_id,
        errors=refusal.errors,
    )
    return Response(body, status, _HEADERS.get(status), MEDIA_TYPE)


async def _answer_validation(request: Request, error: RequestValidationError) -> Response:
    """Answer what FastAPI found wrong with the input; broken JSON is a malformed request."""
    # Spec: features/operations.md#OPS-003
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Response(plain_problem(400, request.state.request_id), 400, media_type=MEDIA_TYPE)
    errors = field_errors(faults)
    return await _answer_refusal(request, Invalid(f"{errors[0].field}: {errors[0].message}", errors=errors))


async def _answer_plain(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods(request)):
        headers["Allow"] = ", ".join(methods)
    return Response(plain_problem(error.status_code, request.state.request_id), error.status_code, headers, MEDIA_TYPE)


def _methods(request: Request) -> list[str]:
    """Return the methods of the address over all of its routes; the framework names those of the first one only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    asked = {"type": "http", "path": request.scope["path"], "root_path": request.scope.get("root_path", ""), "headers": []}
    return [method for method in _METHODS if any(route.matches(asked | {"method": method})[0] is Match.FULL for route in routes)]
