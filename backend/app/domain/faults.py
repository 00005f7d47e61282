"""What is at fault in an input, or contradicts it, field by field. It refuses nothing itself."""

from typing import NamedTuple


class FieldError(NamedTuple):
    """What is wrong with one field of the input; the message never repeats the input."""

    field: str
    message: str


class FieldConflict(NamedTuple):
    """A field that was written otherwise since: its value now, the one to be written, and the number of the change."""

    field: str
    current: object
    given: object
    seq: int
