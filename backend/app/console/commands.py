"""The commands of `agendum`, and how the terminal says a refusal: one sentence, and an exit code."""

from collections.abc import Callable

import typer

from app.config import ConfigurationError, Settings, load_settings
from app.console import server
from app.database.embedded import EmbeddedError

UNUSABLE = 78  # EX_CONFIG of sysexits.h


def command_line(make_app: server.MakeApp) -> typer.Typer:
    """Return the command line.

    Args:
        make_app: Makes the application that `serve` runs.
    """
    commands = typer.Typer(name="agendum", help="The task backend.", no_args_is_help=True, add_completion=False)

    @commands.command()
    def serve() -> None:
        """Run the API, with an embedded PostgreSQL unless DATABASE_URL is set."""
        _carefully(lambda settings: server.serve(settings, make_app))

    @commands.command()
    def migrate() -> None:
        """Apply the missing migrations to the database, and stop."""
        _carefully(server.bring_up_to_date)

    return commands


def _carefully(act: Callable[[Settings], None]) -> None:
    try:
        act(load_settings())
    except (ConfigurationError, EmbeddedError) as error:
        typer.echo(f"agendum: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
