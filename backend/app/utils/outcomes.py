"""What is known of a request that may be given up: whether something of it may be done already. It gives up nothing."""

from contextvars import ContextVar


class Outcome:
    """One request on its way.

    Attributes:
        is_committing: Whether a commit was sent, after which nobody may say that nothing was done.
        is_given_up: Whether its task was cancelled because it took too long.
    """

    __slots__ = ("is_committing", "is_given_up")

    def __init__(self) -> None:
        self.is_committing = False
        self.is_given_up = False


_OUTCOME: ContextVar[Outcome | None] = ContextVar("outcome", default=None)


def new_outcome() -> Outcome:
    """Return the outcome of a request that begins in this task."""
    outcome = Outcome()
    _OUTCOME.set(outcome)
    return outcome


def note_commit() -> None:
    """Note that a commit is about to be sent, if this is part of a request."""
    if (outcome := _OUTCOME.get()) is not None:
        outcome.is_committing = True
