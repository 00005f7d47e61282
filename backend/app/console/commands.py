"""The commands of `agendum`. How the terminal says a refusal is told elsewhere."""

from typing import Annotated

import typer

from app import __version__
from app.console.administration import administrators
from app.console.backups import backup, restore
from app.console.demo import Demonstration
from app.console.invitations import invite
from app.console.telling import carefully, telling
from app.server import process as serving
from app.utils.clock import utc_now


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
        carefully(lambda settings: serving.serve(settings, make_app))

    @commands.command()
    def migrate() -> None:
        """Apply the missing migrations to the database, and stop."""
        carefully(serving.bring_up_to_date)

    for command in (demo, backup, restore):
        commands.command()(command)
    administrators.command("invite")(invite)
    commands.add_typer(administrators)
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
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, help="At least 12 characters.")],
    timezone: Annotated[str, typer.Option(help="The IANA time zone of the times of day.")] = "UTC",
) -> None:
    """Fill an account of a running service with sample data."""
    with telling(), Demonstration(server, report=typer.echo) as demonstration:
        demonstration.sign_in(email=email, password=password)
        demonstration.fill(utc_now().date(), timezone=timezone)
