"""What the signals that end the service do, in the process that is started and in its workers."""

import signal
from types import FrameType

# Windows has no SIGHUP.
STOPS = frozenset({signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)})
# What the parent sends to a worker that is to drain no longer. It is none of those above, because a service manager
# may send those to every process at once, and two of a kind may arrive as one.
SHORTEN = getattr(signal, "SIGUSR1", signal.SIGTERM)


def leave_on_signals() -> None:
    """Have SIGTERM and SIGHUP raise an exception, as Ctrl-C does, so that what was started is stopped on its way."""
    # Spec: features/operations.md#OPS-016
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _take_for_terminate)
    # A shell that ignores it hands that on, and then nobody hears how a child ended.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def leave_with_parent() -> None:
    """Have SIGTERM end a worker that does not serve yet. Its parent hears of Ctrl-C and the like, and tells it."""
    signal.signal(signal.SIGTERM, _leave)
    for number in STOPS - {signal.SIGTERM} | {SHORTEN}:
        signal.signal(number, signal.SIG_IGN)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _take_for_terminate(_number: int, _frame: FrameType | None) -> None:
    """Do what SIGTERM does by now: the HTTP server, once it runs, answers first what it has begun."""
    signal.raise_signal(signal.SIGTERM)
