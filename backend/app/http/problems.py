"""How refusals are said over HTTP: the one table from kind to status, and the handlers that use it. It never raises one itself."""

from typing import Any, TypeAlias

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.dependencies.bodies import BodyRefused, BodyTimeout, BodyTooLarge, MalformedBody, UnsupportedBody
from app.domain import errors
from app.domain.errors import (
    AgendumError,
    Conflict,
    EditConflict,
    EmailTaken,
    FieldConflict,
    FieldError,
    Forbidden,
    IdTaken,
    Invalid,
    NameTaken,
    NoRoom,
    NotFound,
    OutcomeUnknown,
    ScopeMissing,
    Stale,
    StillRunning,
    TokenInvalid,
    TooMany,
    Unauthenticated,
    Unavailable,
    WrongCredentials,
)
from app.http.answers import etag
from app.middleware.last_net import Dialect
from app.schemas.messages import field_errors
from app.schemas.plain_problems import PLAIN, plain_problem
from app.schemas.problem import EXAMPLE_ID, MEDIA_TYPE, Problem, problem, problem_body
from app.utils.jwt import InvalidToken

Refusal: TypeAlias = type[AgendumError] | type[BodyRefused]
Responses: TypeAlias = dict[int | str, dict[str, Any]]
Example: TypeAlias = dict[str, object]

# How the JSON door says the errors that nobody in it has answered.
DIALECT = Dialect(MEDIA_TYPE, plain_problem)
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
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 412: {"ETag": '"2"'}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "1"}}
# As RFC 6750 says it: a token came, and a new one is needed.
_INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_DOCUMENTED_HEADERS = _HEADERS | {403: {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}}
_HEADER_TEXTS = {
    "ETag": "The entity tag of the current representation.",
    "Retry-After": "After how many seconds to ask again.",
    "WWW-Authenticate": "How to authenticate.",
}
# The detail that shows a refusal in the document.
_EXAMPLES: dict[type[AgendumError], str] = {
    TokenInvalid: "The bearer token is not acceptable.",
    WrongCredentials: "The e-mail or the password is wrong.",
    ScopeMissing: "The credential does not have the scope tasks:write.",
    NotFound: "There is no such task.",
    IdTaken: "The id belongs to a task with other content.",
    EmailTaken: "Somebody has registered with this e-mail.",
    NameTaken: "There is a category of this name.",
    NoRoom: "There is no room left at this place; move another task there first.",
    EditConflict: "It was changed otherwise since: title.",
    StillRunning: "An earlier request has not ended yet; please send this one again shortly.",
    Stale: "It has changed since you read it.",
    Invalid: "title: must not be empty",
    Unavailable: "The database is not answering; please try again shortly.",
    OutcomeUnknown: (
        "Whether this was done is not known; please send it again, with the same id or Idempotency-Key, so that it is done once."
    ),
}
# What every operation of a known caller may be refused with; and then what a body may, every write may, and
# every write of something that is there. A write that takes no body refuses any.
READ = (TokenInvalid, ScopeMissing, Unavailable)
BODY = (MalformedBody, BodyTimeout, BodyTooLarge, UnsupportedBody, Invalid)
WRITE = (*READ, BodyTimeout, BodyTooLarge, StillRunning, OutcomeUnknown)
CHANGE = (*WRITE, NotFound, Stale)
_LOCATION = {
    "description": "Where it can be read.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}
_SLASH = "There is nothing at this address; without the slash at its end there is."
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def documented(*refusals: Refusal) -> Responses:
    """Return the `responses` of an operation for the OpenAPI document, each with an example; 500 is always among them.

    Args:
        refusals: What the operation may be refused with. Of those with one status the last is shown.
    """
    examples = dict([_plain_example(500), *(_example(refusal) for refusal in refusals)])
    return {status: _documented(status, example) for status, example in sorted(examples.items())}


def documented_creation(*refusals: Refusal) -> Responses:
    """Return the `responses` of an operation that creates something from a body, and tells where that can be read."""
    return {**documented(*WRITE, *BODY, *refusals), 201: {"headers": {"Location": _LOCATION}}}


def _example(refusal: Refusal) -> tuple[int, Example]:
    """Return the status of a refusal with its example."""
    if issubclass(refusal, BodyRefused):
        return _plain_example(refusal.status)
    detail, errors = _EXAMPLES[refusal], (FieldError("title", "must not be empty"),) if refusal is Invalid else ()
    conflict = FieldConflict("title", "Pay rent by transfer", "Pay rent in cash", 2)
    conflicts = (conflict,) if refusal is EditConflict else ()
    status, words = status_of(refusal), {"code": refusal.code, "title": refusal.title, "detail": detail}
    return status, problem(status, **words, request_id=EXAMPLE_ID, errors=errors, conflicts=conflicts)


def _plain_example(status: int) -> tuple[int, Example]:
    """Return the example of a status that nobody has more to say about."""
    code, title, detail = PLAIN[status]
    return status, problem(status, code=code, title=title, detail=detail, request_id=EXAMPLE_ID)


def _documented(status: int, example: Example) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    headers = {
        name: {"description": _HEADER_TEXTS[name], "required": True, "schema": {"type": "integer" if value.isdecimal() else "string"}}
        for name, value in _DOCUMENTED_HEADERS.get(status, {}).items()
    }
    return {"description": example["title"], "headers": headers, "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


def answer_problems(app: FastAPI) -> None:
    """Make the application answer every error as a problem body."""
    # Starlette's signature promises any exception to each handler; it gives each its own kind.
    app.add_exception_handler(AgendumError, _answer_refusal)  # type: ignore[arg-type]
    app.add_exception_handler(BodyRefused, _answer_body)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _answer_validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _answer_plain)  # type: ignore[arg-type]


def codes() -> set[str]:
    """Return the code of every problem that can be answered."""
    # Spec: features/spec-driven.md#SPEC-014
    taxonomy = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgendumError)]
    plain = {code for code, _title, _detail in PLAIN.values()}
    return plain | {kind.code for kind in taxonomy if kind is not AgendumError}


def status_of(refusal: type[AgendumError]) -> int:
    """Return the status of a refusal, by its kind."""
    return next(STATUS[kind] for kind in refusal.__mro__ if kind in STATUS)


async def _answer_refusal(request: Request, refusal: AgendumError) -> Response:
    status = status_of(type(refusal))
    if (cause := refusal.__cause__) is not None:
        # Spec: features/auth.md#AUTH-011
        reason = {"reason": str(cause)} if isinstance(cause, InvalidToken) else {}
        request.state.log = {"cause": type(cause).__name__, **reason}
    body = problem_body(
        status,
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail,
        request_id=request.state.request_id,
        errors=refusal.errors,
        conflicts=refusal.conflicts if isinstance(refusal, EditConflict) else (),
    )
    return Response(body, status, _headers(refusal, status), MEDIA_TYPE)


def _headers(refusal: AgendumError, status: int) -> dict[str, str]:
    if isinstance(refusal, Stale):
        # Spec: features/safe-writes.md#SAFE-008
        return {"ETag": etag(refusal.version)}
    if isinstance(refusal, ScopeMissing):
        # Spec: features/auth.md#AUTH-012
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{refusal.scope}"'}
    return _INVALID_TOKEN if isinstance(refusal, TokenInvalid) else _HEADERS.get(status, {})


async def _answer_body(request: Request, refused: BodyRefused) -> Response:
    # What has not arrived in time may still arrive, and would be taken for the next request.
    headers = {"Connection": "close"} if refused.status == 408 else {}
    return Response(plain_problem(refused.status, request.state.request_id), refused.status, headers, MEDIA_TYPE)


async def _answer_validation(request: Request, error: RequestValidationError) -> Response:
    """Answer what FastAPI found wrong with the input."""
    errors = field_errors(error.errors())
    return await _answer_refusal(request, Invalid(f"{errors[0].field}: {errors[0].message}", errors=errors))


async def _answer_plain(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    path = request.scope["path"]
    if error.status_code == 405 and (methods := _methods(request, path)):
        headers["Allow"] = ", ".join(methods)
    # Spec: features/operations.md#OPS-053
    detail = _SLASH if error.status_code == 404 and path.endswith("/") and _methods(request, path.rstrip("/")) else None
    return Response(plain_problem(error.status_code, request.state.request_id, detail=detail), error.status_code, headers, MEDIA_TYPE)


def _methods(request: Request, path: str) -> list[str]:
    """Return the methods of an address over all of its routes; the framework names those of the first one only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    asked = {"type": "http", "path": path, "root_path": request.scope.get("root_path", ""), "headers": []}
    return [method for method in _METHODS if any(route.matches(asked | {"method": method})[0] is Match.FULL for route in routes)]
