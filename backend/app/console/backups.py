"""The commands that keep what the embedded database holds in a file, and put it back."""

from pathlib import Path
from typing import Annotated

import typer

from app.console.telling import carefully
from app.server import backups

_New = Annotated[Path, typer.Argument(metavar="FILE", help="Where to; a file that is not there yet.")]
_Old = Annotated[Path, typer.Argument(metavar="FILE", help="What `agendum backup` has made.")]
_Replace = Annotated[bool, typer.Option("--replace", help="Replace a database that has accounts.")]


def backup(file: _New) -> None:
    """Write everything in the embedded database to a file, while the service runs or not."""
    carefully(lambda settings: backups.back_up(settings, file))


def restore(file: _Old, *, replace: _Replace = False) -> None:
    """Put a backup in the place of the embedded database, while the service runs or not."""
    carefully(lambda settings: backups.restore(settings, file, replace=replace))
