"""Runs the service from a terminal: prepares what a development machine lacks, serves, and stops everything that it started."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

import typer
import uvicorn
from pydantic import SecretStr
from starlette.types import ASGIApp

from app.config import ConfigurationError, Settings
from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import MigrationError, migrate
from app.database.url import InvalidAddressError, read_address
from app.server.database_watch import kept_alive
from app.server.protocol import protocol
from app.server.secret import kept_secret
from app.utils.logging import configure_logging

MakeApp = Callable[[Settings], ASGIApp]

_GRACE_SECONDS = 10


def serve(settings: Settings, make_app: MakeApp) -> None:
    """Serve until a signal comes.

    Raises:
        ConfigurationError: The port is taken, or the database cannot be used.
        DatabaseLostError: The embedded database died and does not come back.
    """
    # Spec: features/operations.md#OPS-016
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with _listening(settings) as listener, database(settings) as (complete, embedded):
        _migrate(complete)
        app = make_app(complete)
        configure_logging(as_json=settings.production, debug=settings.debug)
        _announce(complete, listener, embedded=embedded is not None)
        _spare_the_collector()
        server = uvicorn.Server(_server_settings(app, complete))
        with _kept_alive(embedded, server):
            server.run(sockets=[listener])


def bring_up_to_date(settings: Settings) -> None:
    """Apply the missing migrations and stop."""
    with database(settings) as (complete, _embedded):
        _migrate(complete)
    typer.echo("The database is up to date.")


def _server_settings(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol(production=settings.production),
        ws="none",  # Otherwise uvicorn would answer upgrades by itself, and log their query strings.
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


@contextmanager
def database(settings: Settings) -> Iterator[tuple[Settings, EmbeddedPostgres | None]]:
    """Give settings with a database and a secret, those of the environment or our own, and the server of our own."""
    if settings.database_url is not None:
        yield _with_secret(settings), None
        return
    embedded = EmbeddedPostgres(settings.data_dir / "postgres", report=typer.echo)
    with embedded:
        try:
            ours = settings.model_copy(update={"database_url": SecretStr(embedded.url)})
            yield _with_secret(ours), embedded
        finally:
            typer.echo("Stopping the database ...")


def _kept_alive(embedded: EmbeddedPostgres | None, server: uvicorn.Server) -> AbstractContextManager[None]:
    """Keep a database of our own alive; when it is lost, the service answers what it has begun, and ends."""
    if embedded is None:
        return nullcontext()
    return kept_alive(embedded, lambda: setattr(server, "should_exit", True))


def _with_secret(settings: Settings) -> Settings:
    """Add the secret of the data folder where none is set; production has refused to start without one by now."""
    if settings.secret is not None:
        return settings
    return settings.model_copy(update={"secret": SecretStr(kept_secret(settings.data_dir))})


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything else is started, so that a port in use is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(
                f"{settings.host}:{settings.port} cannot be used ({error.strerror}); set AGENDUM_PORT or AGENDUM_HOST"
            ) from None
        yield listener


def _migrate(settings: Settings) -> None:
    if settings.database_url is None:
        raise ConfigurationError("DATABASE_URL is required")
    typer.echo("Preparing the database ...")
    try:
        newer = asyncio.run(migrate(read_address(settings.database_url.get_secret_value())))
    except InvalidAddressError as error:
        raise ConfigurationError(str(error)) from None
    except MigrationError as error:
        raise ConfigurationError(f"the database of DATABASE_URL cannot be used: {error}") from error
    if newer is not None:
        typer.echo(f"A newer release has migrated the database, to {newer}; it is used as it is.")


def _announce(settings: Settings, listener: socket.socket, *, embedded: bool) -> None:
    host, port = listener.getsockname()[:2]
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    typer.echo(f"\n  Agendum is serving.\n\n  Begin here     {base}/\n  API            {base}/api\n  Documentation  {base}/docs")
    typer.echo(f"  Data folder    {settings.data_dir}" if embedded else "  Database       as DATABASE_URL says")
    typer.echo("\n  Ctrl-C stops it.\n")


def _spare_the_collector() -> None:
    """Keep what lives as long as the process out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End by an exception, so that whatever was started is stopped on the way out; the server answers its requests first."""
    raise SystemExit(0)
