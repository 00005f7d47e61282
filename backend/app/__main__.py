"""Starts the command line, and gives it the application to serve, because doors do not know `main`."""

from app.console.commands import command_line
from app.main import create_app


def run() -> None:
    """Run `agendum`."""
    command_line(create_app)()


if __name__ == "__main__":
    run()
