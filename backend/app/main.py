"""Puts the parts together: the one module that knows every room. It opens nothing until the application starts."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, nullcontext
from types import MappingProxyType
from typing import TypeAlias

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from app import __version__
from app.config import ConfigurationError, Settings
from app.dependencies.bodies import Bodies
from app.dependencies.refresh_cookie import RefreshCookie
from app.http import answers, problems
from app.http.openapi_document import ABOUT
from app.middleware.beside import Beside, Door
from app.middleware.cross_origin import CrossOrigin
from app.middleware.envelope import Envelope
from app.middleware.last_net import LastNet
from app.middleware.unread_body import UnreadBody
from app.routes import ROUTERS, SECTIONS, documentation
from app.runtime import Runtime, create_runtime
from app.utils.tracing import TracesNotInstalledError, require_traces, sending_traces
from app.workers import housekeeping, mail

_NO_TRACES = "AGENDUM_TRACES needs the extra: backend/.venv/bin/python -m pip install './backend[traces]'"

MakeDoor: TypeAlias = Callable[[Runtime], Door]


def create_app(settings: Settings, *, beside: Mapping[str, MakeDoor] = MappingProxyType({})) -> FastAPI:
    """Make the application: the JSON door, with others beside it.

    Args:
        settings: With a database and a secret.
        beside: The other doors, by the paths below which they are; each owns its errors and bodies.

    Raises:
        ConfigurationError: They are missing, or contradict one another.
    """
    runtime = create_runtime(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with sending_traces(__version__) if settings.traces else nullcontext():
            async with runtime, housekeeping.running(runtime), mail.running(runtime):
                yield

    sections = [{"name": name, "description": about} for name, about in SECTIONS.items()]
    # A redirect to the address without the slash would repeat the caller's Host header.
    app = FastAPI(
        **ABOUT,
        openapi_tags=sections,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_telemetry(settings),
    )
    app.state.runtime, app.state.bodies, app.state.metrics_token = runtime, Bodies(), settings.metrics_token
    app.state.refresh_cookie = RefreshCookie(settings.production, frozenset(settings.cors_origins))
    # FastAPI looks twice through every router that is included, and once through the routes of its own.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    documentation.mount_assets(app)
    problems.answer_problems(app)
    answers.answer_replays(app)
    _wrap(app, settings, {path: make(runtime) for path, make in beside.items()})
    documentation.describe(app)
    return app


def _telemetry(settings: Settings) -> TelemetryConfig:
    """Return what FastAPI tells of requests: at most a span each. Its log events would have messages of exceptions.

    Raises:
        ConfigurationError: Traces are wanted, and what sends them is not installed.
    """
    # Spec: features/observability.md#OBS-006
    if settings.traces:
        try:
            require_traces()
        except TracesNotInstalledError:
            raise ConfigurationError(_NO_TRACES) from None
    only_spans: TelemetryConfig = {
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }
    return {"tracing": settings.traces, **only_spans}


def _wrap(app: FastAPI, settings: Settings, beside: Mapping[str, Door]) -> None:
    """Put the layers around the doors; the last one added is the outermost."""
    app.add_middleware(UnreadBody)
    app.add_middleware(LastNet, dialect=problems.DIALECT, debug=settings.debug)
    app.add_middleware(CrossOrigin, origins=settings.cors_origins, allow_cookies=settings.cors_credentials)
    if beside:
        app.add_middleware(Beside, doors=beside, debug=settings.debug)
    app.add_middleware(Envelope, production=settings.production, metrics=app.state.runtime.metrics)
