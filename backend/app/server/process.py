"""Runs the service: port, database, secret, application, then one process that serves or the parent of several."""

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
import typer
from pydantic import SecretStr
from starlette.types import ASGIApp

from app.config import ConfigurationError, Settings
from app.database.connection import Database
from app.database.embedded.account import FolderInUseError
from app.database.embedded.other_run import url_of_other_run
from app.database.embedded.server import EmbeddedPostgres
from app.database.migrate import MigrationError, migrate
from app.database.url import InvalidAddressError, read_address
from app.server.cores import worker_count
from app.server.database_watch import kept_alive
from app.server.http_server import HttpServer
from app.server.limits import drain_seconds, make_room
from app.server.secret import kept_secret
from app.server.signals import leave_on_signals
from app.server.supervisor import Supervisor
from app.services.better_auth import SharedSessions, require_readable, shared_sessions
from app.utils.logging import configure_logging
from app.utils.metrics import share_metrics

_log = structlog.get_logger("agendum.server")
MakeApp = Callable[[Settings], ASGIApp]

# What an embedded server takes at least, and beside the pools: migrations, dumps, its own processes.
_USUAL_CONNECTIONS, _OTHER_CONNECTIONS = 100, 20
_EMBEDDED = "postgres"


def serve(settings: Settings, make_app: MakeApp) -> None:
    """Serve until a signal comes.

    Raises:
        ConfigurationError: The port is taken, or the database cannot be used.
        DatabaseLostError: The embedded database died and does not come back.
        WorkersLostError: A worker died again and again.
    """
    # Spec: features/operations.md#OPS-016 features/operations.md#OPS-081
    leave_on_signals()
    workers, room = worker_count(settings), make_room(settings)
    with (
        _listening(settings) as listener,
        database(settings, workers=workers) as (prepared, embedded),
        _sharing_metrics() if workers > 1 else nullcontext(),
    ):
        complete = _brought_up_to_date(prepared, listener)
        # Spec: features/operations.md#OPS-085
        server = HttpServer(
            make_app(complete),
            listener,
            production=settings.production,
            drain=drain_seconds(settings),
            room=room,
        )
        configure_logging(as_json=settings.production, debug=settings.debug)
        _announce(complete, workers=workers, embedded=embedded is not None)
        _warn(complete)
        # Before any fork, so that the workers go on sharing these pages.
        _spare_the_collector()
        if workers > 1:
            Supervisor(server, embedded, count=workers).run()
        else:
            with _kept_alive(embedded, server):
                server.run()


def bring_up_to_date(settings: Settings) -> None:
    """Apply the missing migrations and stop."""
    with database(settings) as (complete, _embedded):
        _migrate(complete)
    typer.echo("The database is up to date.")


@contextmanager
def database(settings: Settings, *, workers: int = 1) -> Iterator[tuple[Settings, EmbeddedPostgres | None]]:
    """Give settings with a database and a secret, those of the environment or our own, and the server of our own.

    Args:
        settings: As the environment has them.
        workers: How many processes are to have a pool of connections each.
    """
    if settings.database_url is not None:
        yield _with_secret(settings), None
        return
    # Spec: features/operations.md#OPS-086
    connections = max(_USUAL_CONNECTIONS, workers * settings.pool_size + _OTHER_CONNECTIONS)
    limits = {"max_connections": str(connections)}
    embedded = EmbeddedPostgres(settings.data_dir / _EMBEDDED, limits, report=typer.echo)
    with embedded:
        try:
            yield _with_secret(_on(settings, embedded.url)), embedded
        finally:
            typer.echo("Stopping the database ...")


@contextmanager
def _sharing_metrics() -> Iterator[None]:
    """Have all workers count in one folder, so that any of them can tell what all have counted."""
    # Spec: features/observability.md#OBS-003
    with TemporaryDirectory(prefix="agendum-metrics-") as folder:
        share_metrics(Path(folder))
        yield


@contextmanager
def database_beside(settings: Settings) -> Iterator[Settings]:
    """Give settings with a database that is up to date and a secret, while the service runs on them or not.

    Args:
        settings: As the environment has them.
    """
    # Spec: features/administration.md#ADMIN-013
    with as_it_is(settings) as complete:
        _migrate(complete)
        yield complete


@contextmanager
def as_it_is(settings: Settings) -> Iterator[Settings]:
    """Give settings with a database that is not migrated, and a secret, while the service runs on them or not.

    Args:
        settings: As the environment has them.
    """
    with ExitStack() as opened:
        try:
            complete, _embedded = opened.enter_context(database(settings))
        except FolderInUseError:
            complete = _with_secret(_on(settings, url_of_other_run(settings.data_dir / _EMBEDDED)))
        yield complete


def _on(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(url)})


def _kept_alive(embedded: EmbeddedPostgres | None, server: HttpServer) -> AbstractContextManager[None]:
    """Keep a database of our own alive; when it is lost, the service answers what it has begun, and ends."""
    return nullcontext() if embedded is None else kept_alive(embedded, server.stop)


def _with_secret(settings: Settings) -> Settings:
    """Add the secret of the data folder where none is set; production has refused to start without one by now."""
    if settings.secrets:
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
            place = f"{settings.host}:{settings.port}"
            raise ConfigurationError(
                f"{place} cannot be used ({error.strerror}); set AGENDUM_PORT or AGENDUM_HOST"
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


def _brought_up_to_date(settings: Settings, listener: socket.socket) -> Settings:
    """Migrate the database, and return the settings with the port that was taken."""
    _migrate(settings)
    if (shared := shared_sessions(settings)) is not None:
        asyncio.run(_look_at_sessions(settings, shared))
    return settings.model_copy(update={"port": listener.getsockname()[1]})


async def _look_at_sessions(settings: Settings, shared: SharedSessions) -> None:
    """Refuse to serve where sessions of Better Auth are to be read and cannot be."""
    address = read_address(settings.database_url.get_secret_value() if settings.database_url else "")
    database = Database(address, size=1)
    await database.open()
    try:
        await require_readable(database, shared)
    finally:
        await database.close()


def _announce(settings: Settings, *, workers: int, embedded: bool) -> None:
    base = settings.own_address
    typer.echo("\n  Agendum is serving.\n")
    typer.echo(f"  Begin here     {base}/\n  API            {base}/api\n  Documentation  {base}/docs")
    where = f"  Data folder    {settings.data_dir}" if embedded else "  Database       as DATABASE_URL says"
    typer.echo(where)
    if workers > 1:
        typer.echo(f"  Workers        {workers}")
    typer.echo("\n  Ctrl-C stops it.\n")
    _tell_of_limits(settings, workers=workers)


def _tell_of_limits(settings: Settings, *, workers: int) -> None:
    # Spec: features/limits.md#LIMIT-013
    if workers > 1 and settings.redis_url is None:
        _log.warning(
            "each worker counts limits by itself; with REDIS_URL they count together", workers=workers
        )


def _warn(settings: Settings) -> None:
    """Tell in the log what whoever runs the service may not have meant."""
    # Spec: features/mail.md#MAIL-014
    if settings.production and settings.smtp is None:
        _log.warning("no mail is sent", setting="AGENDUM_SMTP_URL")


def _spare_the_collector() -> None:
    """Keep what lives as long as the process out of the garbage collector's rounds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
