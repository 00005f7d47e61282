"""The order in which a request is looked at: first who is calling, then what is said, and only then anybody's rows."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.dependencies.bodies import LARGEST_BODY, SMALL_BODY, JsonRequest
from app.dependencies.callers import BearerDependency
from app.dependencies.limits import SAFE, Admission, admission_of, admit
from app.dependencies.solving import Handler, application, handling, is_direct
from app.dependencies.work import Unopened

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Route(APIRoute):
    """A route of the API.

    The caller is known, and has not asked too often, before a byte of the body is gathered, and the body is gathered
    and parsed before FastAPI looks at it. The rows that the endpoint asks for are opened when all of its parameters are
    valid, and closed, which commits, before the response begins.

    Args:
        path: The address.
        endpoint: An async function.
        options: As for FastAPI's own class.

    Attributes:
        admission: What its requests take from.
        long_running: Whether it may take longer than the server lets any other take.
    """

    admission: Admission

    def __init__(self, path: str, endpoint: Callable[..., Awaitable[Any]], **options: Any) -> None:
        # Spec: features/operations.md#OPS-114
        self.long_running: bool = getattr(endpoint, "long_running", False)
        super().__init__(path, _opening(endpoint), **{**options, "generate_unique_id_function": operation_id})
        if is_direct(self.dependant):
            self.app = application(self.get_route_handler())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; FastAPI asks for it once for each route."""
        handle = handling(self.dependant) if is_direct(self.dependant) else super().get_route_handler()
        bearer = next((call for call in _calls(self.dependant) if isinstance(call, BearerDependency)), None)
        methods = self.methods or SAFE
        admission = admission_of(self.path, methods, self.endpoint, asks=bearer is not None)
        self.admission = admission
        if methods <= SAFE:
            return _admitting(handle, admission, bearer)
        # Spec: features/operations.md#OPS-002 features/operations.md#OPS-034
        largest = 0 if self.body_field is None else SMALL_BODY if bearer is None else LARGEST_BODY

        async def gather_and_handle(request: Request) -> Response:
            whole = JsonRequest(request.scope, request.receive)
            try:
                # Spec: features/operations.md#OPS-030 features/auth.md#AUTH-013
                caller = await admit(whole, admission, bearer=bearer)
                whole.user_id = caller and caller.person_id
                await whole.gather(largest, request.app.state.bodies)
                return await handle(whole)
            finally:
                whole.release()

        return gather_and_handle


def _admitting(handle: Handler, admission: Admission, bearer: BearerDependency | None) -> Handler:
    """Make a handler of requests without a body admit them first, if there is anything that they take from."""
    if not any(admission):
        return handle

    async def admit_and_handle(request: Request) -> Response:
        await admit(request, admission, bearer=bearer)
        return await handle(request)

    return admit_and_handle


def long_running(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that may take longer than other requests may."""
    # Spec: features/portability.md#PORT-020
    endpoint.long_running = True  # type: ignore[attr-defined]
    return endpoint


def operation_id(route: APIRoute) -> str:
    """Return the name of an operation: that of its function as most languages of front ends write names."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _calls(dependant: Dependant) -> Iterator[Any]:
    """Give everything that a route depends on, at any depth."""
    yield dependant.call
    for part in dependant.dependencies:
        yield from _calls(part)


def _opening(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Make an endpoint open the rows that it is given, and close them when it has ended."""

    # Spec: features/safe-writes.md#SAFE-003 features/operations.md#OPS-032
    @wraps(endpoint)
    async def opened(**values: Any) -> Any:
        for name, value in values.items():
            if isinstance(value, Unopened):
                async with value.rows as rows:
                    return await endpoint(**(values | {name: rows}))
        return await endpoint(**values)

    return opened
