"""How refusals are said over HTTP: the one table from kind to status, and the handlers that use it. It never raises one itself."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.domain.errors import (
    AgendumError,
    Conflict,
    FieldError,
    Forbidden,
    IdTaken,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.middleware.envelope import PLAIN, plain_problem
from app.schemas.messages import field_errors
from app.schemas.problem import EXAMPLE_ID, MEDIA_TYPE, Problem, problem, problem_body

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
_EXAMPLES = PLAIN | {
    401: (Unauthenticated.code, Unauthenticated.title, "The bearer token is not acceptable."),
    404: (NotFound.code, NotFound.title, "There is no such task."),
    409: (IdTaken.code, IdTaken.title, "The id belongs to a task with other content."),
    422: (Invalid.code, Invalid.title, "title: must not be empty"),
    503: (Unavailable.code, Unavailable.title, "The database is not answering; please try again shortly."),
}
BODY = (400, 413, 415, 422)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation for the OpenAPI document: these statuses, and 500, each with an example."""
    return {status: _documented(status) for status in sorted({*statuses, 500})}


def _documented(status: int) -> dict[str, Any]:
    code, title, detail = _EXAMPLES[status]
    errors = (FieldError("title", "must not be empty"),) if status == STATUS[Invalid] else ()
    example = problem(status, code=code, title=title, detail=detail, request_id=EXAMPLE_ID, errors=errors)
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": title, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


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
    if refusal.__cause__ is not None:
        request.state.log = {"cause": type(refusal.__cause__).__name__}
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
