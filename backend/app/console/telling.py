"""How the terminal says a refusal: one sentence, and an exit code by its kind. It does nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from app.config import ConfigurationError, Settings, load_settings
from app.console.demo import DemoError
from app.database.embedded.server import EmbeddedError
from app.domain.errors import (
    AgendumError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from app.server.database_watch import DatabaseLostError
from app.server.supervisor import WorkersLostError

# As sysexits.h has them: EX_UNAVAILABLE, after which a supervisor may try again, and EX_CONFIG.
UNAVAILABLE, UNUSABLE = 69, 78
# Likewise EX_USAGE, EX_DATAERR, EX_NOUSER, EX_TEMPFAIL and EX_NOPERM.
EXITS: dict[type[AgendumError], int] = {
    Invalid: 64,
    Conflict: 65,
    NotFound: 67,
    Unavailable: UNAVAILABLE,
    Stale: 75,
    TooMany: 75,
    Unauthenticated: 77,
    Forbidden: 77,
}


def carefully(act: Callable[[Settings], None]) -> None:
    """Do something with the settings of the environment, and tell a refusal."""
    with telling():
        act(load_settings())


@contextmanager
def telling() -> Iterator[None]:
    """Tell a refusal in one sentence, and end with the exit status of its kind."""
    try:
        yield
    except (ConfigurationError, EmbeddedError) as error:
        raise _told(error, UNUSABLE) from None
    except (DatabaseLostError, WorkersLostError, DemoError) as error:
        raise _told(error, UNAVAILABLE) from None
    except AgendumError as refusal:
        raise _told(refusal, exit_of(type(refusal))) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def exit_of(refusal: type[AgendumError]) -> int:
    """Return the exit status of a refusal, by its kind."""
    return next(EXITS[kind] for kind in refusal.__mro__ if kind in EXITS)


def _told(error: Exception, status: int) -> typer.Exit:
    typer.echo(f"agendum: {error}", err=True)
    return typer.Exit(status)
