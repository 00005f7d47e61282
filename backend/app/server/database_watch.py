"""Starts the embedded database again when it dies while the service runs. It knows nothing of what is served."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import structlog

from app.database.embedded.server import EmbeddedError, EmbeddedPostgres

# Seconds between two looks; how many deaths within how many seconds mean that another start would not help.
_PAUSE = 0.2
_DEATHS, _WINDOW = 3, 60.0
_log = structlog.get_logger("agendum.database")


class DatabaseLostError(Exception):
    """The embedded database died and does not come back; the message says why."""


@contextmanager
def kept_alive(server: EmbeddedPostgres, give_up: Callable[[], None]) -> Iterator[None]:
    """Start a server again whenever it dies while the block lasts. Afterwards, nobody but the caller touches it.

    Args:
        server: The embedded server, which runs.
        give_up: Called, from another thread, when the server does not come back; it should bring the block to its end.

    Raises:
        DatabaseLostError: At the end of the block, when the server did not come back.
    """
    # Spec: features/operations.md#OPS-022
    ending = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="database-watch") as threads:
        watch = threads.submit(_watch, server, ending)
        watch.add_done_callback(lambda _: give_up())
        try:
            yield
        finally:
            ending.set()
    watch.result()


def _watch(server: EmbeddedPostgres, ending: Event) -> None:
    deaths: deque[float] = deque(maxlen=_DEATHS)
    while not ending.wait(_PAUSE):
        if (death := server.death()) is None:
            continue
        deaths.append(time.monotonic())
        if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _WINDOW:
            raise DatabaseLostError(
                f"The embedded database died {_DEATHS} times within a minute; the last time it {death}. What it wrote is in {server.log}"
            )
        _restart(server, death)


def _restart(server: EmbeddedPostgres, death: str) -> None:
    _log.error("embedded database died", how=death, log=str(server.log))
    try:
        server.restart()
    except EmbeddedError as failure:
        raise DatabaseLostError(f"The embedded database {death} and does not start again. {failure}") from failure
    _log.info("embedded database runs again")
