"""Puts the parts together: the one module that knows every room. It opens nothing until the application starts."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeAlias

from fastapi import FastAPI

from app.config import Settings
from app.dependencies.bodies import Bodies
from app.http import answers, problems
from app.http.openapi_document import ABOUT
from app.middleware.beside import Beside, Door
from app.middleware.cross_origin import CrossOrigin
from app.middleware.envelope import Envelope
from app.middleware.last_net import LastNet
from app.middleware.unread_body import UnreadBody
from app.routes import ROUTERS, SECTIONS, documentation
from app.runtime import Runtime, create_runtime
from app.workers import housekeeping

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
        async with runtime, housekeeping.running(runtime):
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
    )
    app.state.runtime, app.state.bodies = runtime, Bodies()
    # FastAPI looks twice through every router that is included, and once through the routes of its own.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    documentation.mount_assets(app)
    problems.answer_problems(app)
    answers.answer_replays(app)
    _wrap(app, settings, {path: make(runtime) for path, make in beside.items()})
    documentation.describe(app)
    return app


def _wrap(app: FastAPI, settings: Settings, beside: Mapping[str, Door]) -> None:
    """Put the layers around the doors; the last one added is the outermost."""
    app.add_middleware(UnreadBody)
    app.add_middleware(LastNet, dialect=problems.DIALECT, debug=settings.debug)
    app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    if beside:
        app.add_middleware(Beside, doors=beside, debug=settings.debug)
    app.add_middleware(Envelope, production=settings.production)
