"""What a transaction takes when it begins: role, limits, owner and the owner's lock. It begins and ends none."""

from typing import NamedTuple

from app.database.connection import Limits
from app.database.literals import literal

# Every key begins with the owner, so that reading a whole table for one person is never right. What is read is a page,
# which is there before a bitmap of everything that could be on it is made, or a process that helps has started. A plan
# for the owner's own id takes one whom the statistics do not know yet for the owner of one row, and then any index for
# as good as any other: what was looked up by id was read whole for each.
_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "max_parallel_workers_per_gather": "0",
}
_PLANNER = "".join(f"SET LOCAL {name} = {value};" for name, value in _SETTINGS.items())


class Beginning(NamedTuple):
    """How a transaction begins.

    Attributes:
        role: The role that it works under.
        read_only: Whether it only reads, so that it does not matter what becomes of its end.
        locks_owner: Whether it takes the lock of its owner, and waits for whoever has it.
        busy: What somebody is told whose earlier requests take too long.
        snapshot: Whether all of its statements see what the first one saw.
    """

    role: str
    read_only: bool
    locks_owner: bool = False
    busy: str = ""
    snapshot: bool = False

    @property
    def mode(self) -> str:
        """What is said behind BEGIN."""
        return (" ISOLATION LEVEL REPEATABLE READ" if self.snapshot else "") + (
            " READ ONLY" if self.read_only else ""
        )

    def settings(self, limits: Limits, owner: str | None, *, lock_wait: float) -> str:
        """Return the SQL that takes role, limits, owner and lock, for the transaction alone in which it runs.

        Args:
            limits: How long waiting may take.
            owner: Whose rows can be seen, where it is of somebody's rows.
            lock_wait: How many seconds the owner's lock is waited for.

        Raises:
            ValueError: The owner is no text that can be printed.
        """
        # Spec: features/isolation.md#ISO-002 features/isolation.md#ISO-003 features/isolation.md#ISO-007
        taken = f"SET LOCAL role = {self.role};{limits.server}"
        if owner is None:
            return taken
        name = literal(owner)
        taken += f"{_PLANNER}SET LOCAL app.user_id = {name};"
        return taken + _lock(name, limits, seconds=lock_wait) if self.locks_owner else taken


def _lock(name: str, limits: Limits, *, seconds: float) -> str:
    """Return the SQL that takes the lock of an owner, and waits for it so long; other locks are waited for as ever."""
    # Spec: features/safe-writes.md#SAFE-004
    first, then = (f"SET LOCAL lock_timeout = {round(limit * 1000)};" for limit in (seconds, limits.lock))
    return f"{first}SELECT pg_advisory_xact_lock(hashtextextended({name}, 0));{then}"
