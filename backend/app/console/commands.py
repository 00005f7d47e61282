"""The commands of `agendum`, and how the terminal says a refusal: one sentence, and an exit code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from app import __version__
from app.config import ConfigurationError, Settings, load_settings
from app.console.demo import DemoError, Demonstration
from app.database.embedded.server import EmbeddedError
from app.server import process as serving
from app.server.database_watch import DatabaseLostError
from app.server.supervisor import WorkersLostError
from app.utils.clock import utc_now

# As sysexits.h has them: EX_UNAVAILABLE, after which a supervisor may try again, and EX_CONFIG.
UNAVAILABLE, UNUSABLE = 69, 78


def command_line(make_app: serving.MakeApp) -> typer.Typer:
    """Return the command line.

    Args:
        make_app: Makes the application that `serve` runs.
    """
    commands = typer.Typer(
        name="agendum", help="The task backend.", no_args_is_help=True, add_completion=False
    )
    commands.callback()(options)

    @commands.command()
    def serve() -> None:
        """Run the API, with an embedded PostgreSQL unless DATABASE_URL is set."""
        _carefully(lambda settings: serving.serve(settings, make_app))

    @commands.command()
    def migrate() -> None:
        """Apply the missing migrations to the database, and stop."""
        _carefully(serving.bring_up_to_date)

    commands.command()(demo)
    return commands


def _tell_version(*, wanted: bool) -> None:
    """Print the version and stop, if it is wanted."""
    # Spec: features/operations.md#OPS-044
    if wanted:
        typer.echo(f"agendum {__version__}")
        raise typer.Exit


_VERSION = typer.Option(
    "--version", help="Print the version, and stop.", is_eager=True, callback=_tell_version
)


def options(*, version: Annotated[bool, _VERSION] = False) -> None:
    """The task backend."""


def demo(
    *,
    server: Annotated[str, typer.Option(help="Where the service runs.")] = "http://127.0.0.1:8000",
    email: Annotated[
        str, typer.Option(help="Whose account; it is made if there is none.")
    ] = "demo@example.com",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="At least 8 characters.")],
    timezone: Annotated[str, typer.Option(help="The IANA time zone of the times of day.")] = "UTC",
) -> None:
    """Fill an account of a running service with sample data."""
    with _telling(), Demonstration(server, report=typer.echo) as demonstration:
        demonstration.sign_in(email=email, password=password)
        demonstration.fill(utc_now().date(), timezone=timezone)


def _carefully(act: Callable[[Settings], None]) -> None:
    with _telling():
        act(load_settings())


@contextmanager
def _telling() -> Iterator[None]:
    """Tell a refusal in one sentence, and end with the exit status of its kind."""
    try:
        yield
    except (ConfigurationError, EmbeddedError) as error:
        typer.echo(f"agendum: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except (DatabaseLostError, WorkersLostError, DemoError) as error:
        typer.echo(f"agendum: {error}", err=True)
        raise typer.Exit(UNAVAILABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
