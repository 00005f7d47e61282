"""How refusals are said over HTTP: the one table from kind to status, and the handlers that use it. It never raises one itself."""

from operator import itemgetter
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.domain.errors import (
    AgendumError,
    Conflict,
    EmailTaken,
    FieldError,
    Forbidden,
    IdTaken,
    Invalid,
    NotFound,
    Stale,
    TokenInvalid,
    TooMany,
    Unauthenticated,
    Unavailable,
    WrongCredentials,
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
# As RFC 6750 says it: a token came, and a new one is needed.
_INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_HEADER_TEXTS = {"WWW-Authenticate": "How to authenticate.", "Retry-After": "After how many seconds to ask again."}
# The refusal that a status means unless an operation names another one, and the details of all of them.
_USUAL: dict[int, type[AgendumError]] = {401: TokenInvalid, 404: NotFound, 422: Invalid, 503: Unavailable}
_EXAMPLES: dict[type[AgendumError], str] = {
    TokenInvalid: "The bearer token is not acceptable.",
    WrongCredentials: "The e-mail or the password is wrong.",
    NotFound: "There is no such task.",
    IdTaken: "The id belongs to a task with other content.",
    EmailTaken: "Somebody has registered with this e-mail.",
    Invalid: "title: must not be empty",
    Unavailable: "The database is not answering; please try again shortly.",
}
BODY = (400, 408, 413, 415, 422)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def documented(*refusals: int | type[AgendumError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an operation for the OpenAPI document, each with an example; 500 is always among them.

    Args:
        refusals: Statuses; or a refusal, where the usual one of its status is not the one that the operation gives.
    """
    examples = [_example(_USUAL.get(refusal, refusal) if isinstance(refusal, int) else refusal) for refusal in {*refusals, 500}]
    return {status: _documented(status, example) for status, example in sorted(examples, key=itemgetter(0))}


def _example(refusal: int | type[AgendumError]) -> tuple[int, dict[str, object]]:
    """Return a status with its example, of a refusal or of a status that nobody has more to say about."""
    if isinstance(refusal, int):
        code, title, detail = PLAIN[refusal]
        return refusal, problem(refusal, code=code, title=title, detail=detail, request_id=EXAMPLE_ID)
    detail, errors = _EXAMPLES[refusal], (FieldError("title", "must not be empty"),) if refusal is Invalid else ()
    status = status_of(refusal(detail))
    return status, problem(status, code=refusal.code, title=refusal.title, detail=detail, request_id=EXAMPLE_ID, errors=errors)


def _documented(status: int, example: dict[str, object]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    headers = {
        name: {"description": _HEADER_TEXTS[name], "required": True, "schema": {"type": "integer" if value.isdecimal() else "string"}}
        for name, value in _HEADERS.get(status, {}).items()
    }
    return {"description": example["title"], "headers": headers, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


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
    headers = _INVALID_TOKEN if isinstance(refusal, TokenInvalid) else _HEADERS.get(status)
    return Response(body, status, headers, MEDIA_TYPE)


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
