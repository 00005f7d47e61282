"""How refusals are said over HTTP: the one table from kind to status, and the handlers that use it.

It never raises one itself.
"""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from app.dependencies.bodies import BodyRefused
from app.dependencies.parts import runtime_of
from app.domain.account_errors import ForeignOrigin, RoleMissing
from app.domain.errors import (
    AgendumError,
    Conflict,
    EditConflict,
    Forbidden,
    Invalid,
    NotFound,
    ScopeMissing,
    Stale,
    TokenInvalid,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.domain.refusals import refusals
from app.http.answers import etag
from app.middleware.last_net import Dialect
from app.schemas.messages import field_errors
from app.schemas.plain_problems import PLAIN, plain_problem
from app.schemas.problem import MEDIA_TYPE, problem_body
from app.utils.jwt import InvalidToken

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
# What comes along with a status, where nothing else is known.
HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    403: {"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
    412: {"ETag": '"2"'},
    429: {"Retry-After": "60"},
    503: {"Retry-After": "1"},
}
# As RFC 6750 says it: a token came, and a new one is needed.
_INSUFFICIENT = 'Bearer error="insufficient_scope"'
_INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
_SLASH = "There is nothing at this address; without the slash at its end there is."
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


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
    plain = {code for code, _title, _detail in PLAIN.values()}
    return plain | {refusal.code for refusal in refusals()}


def status_of(refusal: type[AgendumError]) -> int:
    """Return the status of a refusal, by its kind."""
    return next(STATUS[kind] for kind in refusal.__mro__ if kind in STATUS)


async def _answer_refusal(request: Request, refusal: AgendumError) -> Response:
    status = status_of(type(refusal))
    if (cause := refusal.__cause__) is not None:
        # Spec: features/auth.md#AUTH-011
        reason = {"reason": str(cause)} if isinstance(cause, InvalidToken) else {}
        request.state.log = {"cause": type(cause).__name__, **reason}
    if isinstance(refusal, TooMany):
        # Spec: features/limits.md#LIMIT-005
        request.state.log = {"limit": refusal.limit}
        runtime_of(request).metrics.count_refusal(refusal.limit)
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
        return {"WWW-Authenticate": f'{_INSUFFICIENT}, scope="{refusal.scope}"'}
    if isinstance(refusal, RoleMissing):
        # Spec: features/administration.md#ADMIN-004
        return {"WWW-Authenticate": _INSUFFICIENT}
    if isinstance(refusal, TooMany):
        # Spec: features/limits.md#LIMIT-004
        return {"Retry-After": str(refusal.retry_after)}
    if isinstance(refusal, ForeignOrigin):
        # With a bearer token in place of the cookie it would be done.
        return HEADERS[401]
    return _INVALID_TOKEN if isinstance(refusal, TokenInvalid) else HEADERS.get(status, {})


async def _answer_body(request: Request, refused: BodyRefused) -> Response:
    # What has not arrived in time may still arrive, and would be taken for the next request.
    headers = {"Connection": "close"} if refused.status == 408 else {}
    body = plain_problem(refused.status, request.state.request_id)
    return Response(body, refused.status, headers, MEDIA_TYPE)


async def _answer_validation(request: Request, error: RequestValidationError) -> Response:
    """Answer what FastAPI found wrong with the input."""
    errors = field_errors(error.errors())
    return await _answer_refusal(request, Invalid(f"{errors[0].field}: {errors[0].message}", errors=errors))


async def _answer_plain(request: Request, error: HTTPException) -> Response:
    status, headers, path = error.status_code, dict(error.headers or {}), request.scope["path"]
    if status == 405 and (methods := _methods(request, path)):
        headers["Allow"] = ", ".join(methods)
    # Spec: features/operations.md#OPS-053
    has_slash_too_much = status == 404 and path.endswith("/") and _methods(request, path.rstrip("/"))
    detail = _SLASH if has_slash_too_much else None
    body = plain_problem(status, request.state.request_id, detail=detail)
    return Response(body, status, headers, MEDIA_TYPE)


def _methods(request: Request, path: str) -> list[str]:
    """Return the methods of an address over all of its routes; the framework names those of the first one only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    asked = {"type": "http", "path": path, "root_path": request.scope.get("root_path", ""), "headers": []}
    return [
        method
        for method in _METHODS
        if any(route.matches(asked | {"method": method})[0] is Match.FULL for route in routes)
    ]
