"""Puts the parts together: the one module that knows every room. It opens nothing until the application starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import httpx2
from fastapi import FastAPI

from app.config import ConfigurationError, Settings, origin_of
from app.database.connection import Database
from app.database.url import InvalidAddressError, read_address
from app.dependencies.bodies import Bodies
from app.dependencies.callers import REMEMBERED_CALLERS
from app.dependencies.parts import Runtime
from app.http import answers, problems
from app.http.openapi_document import ABOUT, operation_id
from app.middleware.cross_origin import CrossOrigin
from app.middleware.envelope import Envelope
from app.middleware.last_net import LastNet
from app.middleware.unread_body import UnreadBody
from app.models.account import OWN_ISSUER
from app.repositories.unit_of_work import identifying, registering
from app.routes import ROUTERS, documentation
from app.services.accounts import TOKEN_AUDIENCE, TOKEN_TYPE, Identity
from app.utils.cursors import CursorSigner
from app.utils.expiring import ExpiringMemory
from app.utils.jwks import RemoteKeySet
from app.utils.jwt import KeySetVerifier, SecretVerifier, TokenVerifiers, Verifier
from app.utils.passwords import Passwords
from app.workers import housekeeping

_CLOCKS_MAY_DIFFER = timedelta(seconds=30)


def create_app(settings: Settings) -> FastAPI:
    """Make the application.

    Args:
        settings: With a database and a secret.

    Raises:
        ConfigurationError: They are missing, or contradict one another.
    """
    client = httpx2.AsyncClient(follow_redirects=False, trust_env=False)
    keys = _better_auth_keys(settings, client)
    runtime = _runtime(settings, keys)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await runtime.database.open()
        async with housekeeping.running(runtime.database):
            yield
        await runtime.database.close()
        if keys is not None:
            await keys.close()
        await client.aclose()

    # A redirect to the address without the slash would repeat the caller's Host header.
    app = FastAPI(
        **ABOUT, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False, generate_unique_id_function=operation_id
    )
    app.state.runtime = runtime
    for router in ROUTERS:
        app.include_router(router)
    documentation.mount_assets(app)
    problems.answer_problems(app)
    answers.answer_replays(app)
    _wrap(app, settings)
    documentation.describe(app)
    return app


def _runtime(settings: Settings, keys: RemoteKeySet | None) -> Runtime:
    if settings.database_url is None or settings.secret is None:
        raise ConfigurationError("DATABASE_URL and BETTER_AUTH_SECRET are required")
    secret = settings.secret.get_secret_value()
    try:
        database = Database(read_address(settings.database_url.get_secret_value()), size=settings.pool_size)
    except InvalidAddressError as error:
        raise ConfigurationError(str(error)) from None
    verifiers = _verifiers(settings, secret, keys)
    if settings.shared_secret_issuer in {verifier.issuer for verifier in verifiers[:-1]}:
        raise ConfigurationError("AGENDUM_SHARED_SECRET_ISSUER must be neither agendum nor the origin of BETTER_AUTH_URL")
    return Runtime(
        database=database,
        identity=Identity(partial(identifying, database), partial(registering, database), Passwords(), secret),
        verifiers=TokenVerifiers(verifiers),
        callers=ExpiringMemory(REMEMBERED_CALLERS),
        cursors=CursorSigner(secret),
        bodies=Bodies(),
    )


def _better_auth_keys(settings: Settings, client: httpx2.AsyncClient) -> RemoteKeySet | None:
    """Return where Better Auth publishes its keys: below its base path, which is `/api/auth` unless the URL has one."""
    url = settings.better_auth_url
    if url is None:
        return None
    return RemoteKeySet(f"{url}/jwks" if urlsplit(url).path else f"{url}/api/auth/jwks", client)


def _verifiers(settings: Settings, secret: str, keys: RemoteKeySet | None) -> list[Verifier]:
    """Return one verifier for each issuer that is configured."""
    # Spec: features/auth.md#AUTH-004 features/auth.md#AUTH-005 features/auth.md#AUTH-007
    verifiers: list[Verifier] = [SecretVerifier(secret, issuer=OWN_ISSUER, audience=TOKEN_AUDIENCE, token_type=TOKEN_TYPE)]
    if keys is not None and settings.better_auth_url is not None:
        issuer = origin_of(settings.better_auth_url) or settings.better_auth_url
        audience = settings.better_auth_audience or issuer
        verifiers.append(KeySetVerifier(keys, issuer=issuer, audience=audience, leeway=_CLOCKS_MAY_DIFFER))
    if settings.shared_secret_issuer is not None:
        verifiers.append(
            SecretVerifier(
                secret,
                issuer=settings.shared_secret_issuer,
                audience=settings.shared_secret_audience,
                token_type=None,
                leeway=_CLOCKS_MAY_DIFFER,
            )
        )
    return verifiers


def _wrap(app: FastAPI, settings: Settings) -> None:
    """Put the layers around the application; the last one added is the outermost."""
    app.add_middleware(UnreadBody)
    app.add_middleware(LastNet, debug=settings.debug)
    app.add_middleware(CrossOrigin, origins=settings.cors_origins)
    app.add_middleware(Envelope, production=settings.production)
