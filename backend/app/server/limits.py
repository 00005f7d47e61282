"""How long a client may take for what, and how many clients there may be at once. It closes nothing."""

import sys
from typing import NamedTuple

from app.config import ConfigurationError, Settings

if sys.platform != "win32":
    import resource

_KIB = 1024
# Where nothing is set: connections of one process, and of those, clients that wait to be accepted.
_USUAL_CONNECTIONS, _USUAL_BACKLOG = 4096, 1024
# Files beside connections and the pool: the log, the event loop, fetched keys, a watched database, those to come.
_OTHER_FILES = 64
_FEWEST_CONNECTIONS = 16
# Seconds that production goes on serving after it was told to end, so that balancers notice.
_USUAL_DRAIN = 5.0


class Limits(NamedTuple):
    """Seconds and bytes a second; tests have shorter ones.

    Attributes:
        head: For a first head from the beginning of the connection, for any other one from its first byte.
        idle: Between an answer and the next head.
        body: What a sender has in hand.
        body_rate: How many bytes of a body give a second back.
        reading: What a reader has in hand.
        reading_rate: How many bytes of an answer give a second back.
        request: For the application, from the end of the body to the beginning of the answer.
        whole_request: The same from the end of the head, while the body is still coming.
        linger: For a client that was heard of just now, to send what it is sending while the server ends.
        look: Between two looks at all connections.
        silence: Between two warnings about them.
    """

    head: float = 10.0
    idle: float = 5.0
    body: float = 12.0
    body_rate: float = 64 * _KIB
    reading: float = 10.0
    reading_rate: float = 16 * _KIB
    request: float = 15.0
    whole_request: float = 60.0
    linger: float = 1.0
    look: float = 0.25
    silence: float = 10.0


class Room(NamedTuple):
    """How many clients a process takes.

    Attributes:
        connections: How many may be connected.
        backlog: How many more may wait to be accepted.
    """

    connections: int
    backlog: int


def drain_seconds(settings: Settings) -> float:
    """Return for how long the service goes on serving after it was told to end."""
    # Spec: features/operations.md#OPS-121
    if settings.drain_seconds is not None:
        return settings.drain_seconds
    return _USUAL_DRAIN if settings.production else 0.0


def make_room(settings: Settings) -> Room:
    """Let this process and its children open as many files as they need, and return how many clients that admits.

    Raises:
        ConfigurationError: The system allows fewer files than the settings ask for.
    """
    # Spec: features/operations.md#OPS-116
    own = settings.pool_size + _OTHER_FILES
    wanted = own + (settings.max_connections or _USUAL_CONNECTIONS) + _USUAL_BACKLOG
    files = _raise_limit(wanted)
    backlog = min(_USUAL_BACKLOG, (files - own) // 4)
    possible = files - own - backlog
    if possible < (settings.max_connections or _FEWEST_CONNECTIONS):
        raise ConfigurationError(
            f"this process may have only {files} files open (ulimit -n), which is room for {max(0, possible)} "
            "connections; raise that limit, or set AGENDUM_MAX_CONNECTIONS or AGENDUM_POOL_SIZE lower"
        )
    return Room(settings.max_connections or min(possible, _USUAL_CONNECTIONS), backlog)


def _raise_limit(wanted: int) -> int:
    """Raise the number of files that may be open as far as is wanted and allowed, and return it."""
    if sys.platform == "win32":
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted
    raised = wanted if hard == unlimited else min(wanted, hard)
    if raised > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
    return max(soft, raised)
