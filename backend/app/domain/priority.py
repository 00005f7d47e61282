"""How urgent a task is."""

from enum import StrEnum


class Priority(StrEnum):
    """Five steps, from none to urgent."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"
