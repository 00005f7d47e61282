"""Starts the embedded database again when it dies while the service runs. It knows nothing of what is served."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import structlog

from app.database.embedded.server import EmbeddedError, EmbeddedPostgres
from app.server.deaths import MOST_DEATHS, Deaths

# Seconds between two looks.
_PAUSE = 0.2
_log = structlog.get_logger("agendum.database")


class DatabaseLostError(Exception):
    """The embedded database died and does not come back; the message says why."""


class DatabaseWatch:
    """Looks after an embedded server that runs.

    Args:
        server: The server.
    """

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._deaths = Deaths()

    def look(self) -> None:
        """Start the server again if it has died.

        Raises:
            DatabaseLostError: It has died too often, or does not start again.
        """
        # Spec: features/operations.md#OPS-022
        if (death := self._server.death()) is None:
            return
        if self._deaths.add() == MOST_DEATHS:
            raise DatabaseLostError(
                f"The embedded database died {MOST_DEATHS} times within a minute; the last time it {death}. "
                f"What it wrote is in {self._server.log}"
            )
        self._restart(death)

    def _restart(self, death: str) -> None:
        _log.error("embedded database died", how=death, log=str(self._server.log))
        try:
            self._server.restart()
        except EmbeddedError as failure:
            raise DatabaseLostError(
                f"The embedded database {death} and does not start again. {failure}"
            ) from failure
        _log.info("embedded database runs again")


@contextmanager
def kept_alive(server: EmbeddedPostgres, give_up: Callable[[], None]) -> Iterator[None]:
    """Watch a server from a thread while the block lasts. Afterwards, nobody but the caller touches it.

    Args:
        server: The embedded server, which runs.
        give_up: Called from that thread when the server does not come back; it should bring the block to its end.

    Raises:
        DatabaseLostError: At the end of the block, when the server did not come back.
    """
    ending = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="database-watch") as threads:
        watch = threads.submit(_watch, DatabaseWatch(server), ending)
        watch.add_done_callback(lambda _: give_up())
        try:
            yield
        finally:
            ending.set()
    watch.result()


def _watch(watch: DatabaseWatch, ending: Event) -> None:
    while not ending.wait(_PAUSE):
        watch.look()
