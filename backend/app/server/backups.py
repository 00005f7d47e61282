"""Backups of the embedded database, while the service runs or not. Another PostgreSQL has programs of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import typer

from app.config import ConfigurationError, Settings
from app.database.embedded.account import server_account
from app.database.embedded.archives import Cluster
from app.database.embedded.programs import installed_packages, usable_programs
from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from app.server.process import as_it_is, database_beside

_OTHER = (
    "this is for the embedded database, and DATABASE_URL is set: use pg_dump and pg_restore, as "
    "docs/operations.md tells"
)
_FULL = "there are accounts in the database, which a restore replaces with all they have: say --replace to do that"


def back_up(settings: Settings, file: Path) -> None:
    """Write everything that the embedded database holds to a new file.

    Raises:
        ConfigurationError: The database is not the embedded one.
        EmbeddedError: There is such a file, or it cannot be written.
    """
    with as_it_is(_embedded(settings)) as complete:
        _cluster(complete).take(file.resolve())
    typer.echo(f"Everything is in {file}. Keep it as you keep passwords.")


def restore(settings: Settings, file: Path, *, replace: bool) -> None:
    """Put what a backup holds in the place of everything that the embedded database holds.

    Args:
        settings: As the environment has them.
        file: The backup; one of an earlier release is migrated.
        replace: Whether that may be done though there are accounts in the database.

    Raises:
        ConfigurationError: The database is not the embedded one, or has accounts, or is of a newer release.
        EmbeddedError: The file is no backup, or the database cannot be replaced.
    """
    # The roles that a backup speaks of are made with the first database of a server.
    with database_beside(_embedded(settings)) as complete:
        cluster = _cluster(complete)
        if not replace and cluster.has_people():
            raise ConfigurationError(_FULL)
        with _forgetting(cluster):
            _bring_up_to_date(cluster.read(file), file)
            cluster.replace()
    typer.echo(f"The database holds what {file} held.")


def _embedded(settings: Settings) -> Settings:
    if settings.database_url is not None:
        raise ConfigurationError(_OTHER)
    return settings


def _cluster(settings: Settings) -> Cluster:
    address = settings.database_url.get_secret_value() if settings.database_url is not None else ""
    folder = settings.data_dir / "postgres"
    programs = usable_programs(
        installed_packages(), folder.resolve(), account=server_account(), report=typer.echo
    )
    return Cluster(programs, Path(parse_qs(urlsplit(address).query)["host"][0]))


@contextmanager
def _forgetting(cluster: Cluster) -> Iterator[None]:
    """Drop what was restored if it does not come into use."""
    try:
        yield
    finally:
        asyncio.run(cluster.forget())


def _bring_up_to_date(url: str, file: Path) -> None:
    try:
        newer = asyncio.run(migrate(read_address(url)))
    except MigrationError as error:
        raise ConfigurationError(f"{file} cannot be brought up to date: {error}") from error
    if newer is not None:
        raise ConfigurationError(f"{file} is of a newer release ({newer}): restore it with that one")
