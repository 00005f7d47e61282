"""Finds the parameters of an endpoint by FastAPI's own validation, without what no route of ours asks FastAPI for.

FastAPI prepares exit stacks, a response and caches for every dependency of every request. It judges nothing itself.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticUndefined
from starlette.types import ASGIApp, Receive, Scope, Send

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


def is_direct(dependant: Dependant) -> bool:
    """Tell whether an endpoint answers with a response of its own making, and needs nothing but what is found here."""
    call = dependant.call
    return call is not None and inspect.signature(call).return_annotation is Response and _is_plain(dependant)


def _is_plain(dependant: Dependant) -> bool:
    """Tell whether path, query, one body and coroutines as dependencies are all that is asked for, at any depth."""
    others = (
        *(dependant.header_params, dependant.cookie_params, dependant.websocket_param_name),
        *(dependant.response_param_name, dependant.background_tasks_param_name),
        dependant.security_scopes_param_name,
        *(dependant.http_connection_param_name, dependant.concurrency, dependant.body_params[1:]),
    )
    return not any(others) and all(_is_plain_part(part) for part in dependant.dependencies)


def _is_plain_part(part: Dependant) -> bool:
    """Tell whether a dependency is a coroutine, or an object that is called as one, and takes no body."""
    is_coroutine = any(inspect.iscoroutinefunction(call) for call in (part.call, type(part.call).__call__))
    return is_coroutine and not part.body_params and _is_plain(part)


def handling(dependant: Dependant) -> Handler:
    """Return what answers a request by an endpoint for which `is_direct` holds."""
    endpoint: Any = dependant.call

    async def handle(request: Request) -> Response:
        values, errors = await _solve(dependant, request)
        if errors:
            raise RequestValidationError(errors)
        response: Response = await endpoint(**values)
        return response

    return handle


def application(handle: Handler) -> ASGIApp:
    """Return the ASGI application of a route; what it raises is answered by the handlers of the whole application."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


async def _solve(dependant: Dependant, request: Request) -> tuple[dict[str, Any], list[Any]]:
    """Return the parameters by name, and what is wrong with them, in the order in which FastAPI looks at them."""
    values: dict[str, Any] = {}
    errors: list[Any] = []
    for part in dependant.dependencies:
        inner, faults = await _solve(part, request)
        errors += faults
        if not faults and part.call is not None and part.name is not None:
            values[part.name] = await part.call(**inner)
    if dependant.path_params:
        errors += _take(values, request_params_to_args(dependant.path_params, request.path_params))
    if dependant.query_params:
        errors += _take(values, request_params_to_args(dependant.query_params, request.query_params))
    if dependant.body_params:
        body = await request.json() if await request.body() else PydanticUndefined
        errors += _take(
            values, await request_body_to_args(dependant.body_params, body, embed_body_fields=False)
        )
    if dependant.request_param_name is not None:
        values[dependant.request_param_name] = request
    return values, errors


def _take(values: dict[str, Any], found: tuple[dict[str, Any], list[Any]]) -> list[Any]:
    """Put what was found to the values, and return what is wrong with it."""
    values.update(found[0])
    return found[1]
