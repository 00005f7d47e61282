"""Puts the parts together: the one module that knows every room. It opens nothing until the application starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.config import Settings
from app.dependencies.bodies import Bodies
from app.http import answers, problems
from app.http.openapi_document import ABOUT, operation_id
from app.middleware.cross_origin import CrossOrigin
from app.middleware.envelope import Envelope
from app.middleware.last_net import LastNet
from app.middleware.unread_body import UnreadBody
from app.routes import ROUTERS, documentation
from app.runtime import create_runtime
from app.workers import housekeeping


def create_app(settings: Settings) -> FastAPI:
    """Make the application.

    Args:
        settings: With a database and a secret.

    Raises:
        ConfigurationError: They are missing, or contradict one another.
    """
    runtime = create_runtime(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with runtime, housekeeping.running(runtime):
            yield

    # A redirect to the address without the slash would repeat the caller's Host header.
    app = FastAPI(
        **ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
    )
    app.state.runtime, app.state.bodies = runtime, Bodies()
    for router in ROUTERS:
        app.include_router(router)
    documentation.mount_assets(app)
    problems.answer_problems(app)
    answers.answer_replays(app)
    _wrap(app, settings)
    documentation.describe(app)
    return app


def _wrap(app: FastAPI, settings: Settings) -> None:
    """Put the layers around the application; the last one added is the outermost."""
    app.add_middleware(UnreadBody)
    app.add_middleware(LastNet, debug=settings.debug)
    app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(Envelope, production=settings.production)
