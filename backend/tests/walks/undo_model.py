"""What undoing must do, as simple as it can be said: each field is a chain of values, and an undoing steps along it.

It knows no API.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# When something went to the trash does not matter.
IN_TRASH = "in the trash"


@dataclass(frozen=True)
class Value:
    """The value of a field, as one write left it.

    Attributes:
        content: The value.
        writer: The number of the change that wrote it by hand.
        before: The value that it replaced; none for a creation.
        undoings: The undoings that led here and were not built upon, each with the value that it took away.
    """

    content: object
    writer: int
    before: "Value | None"
    undoings: dict[int, "Value"] = field(default_factory=dict)


class Thing:
    """Something with fields, as made by a change."""

    def __init__(self, seq: int, content: dict[str, object]) -> None:
        self.fields = {name: Value(value, seq, None) for name, value in content.items()}

    def write(self, seq: int, content: dict[str, object]) -> None:
        """Let a change by hand write some fields."""
        for name, value in content.items():
            self.fields[name] = Value(value, seq, self.fields[name])

    def can_undo(self, seq: int, names: Iterable[str]) -> bool:
        """Tell whether each of these fields is as a change has left it."""
        values = [self.fields[name] for name in names]
        return all(value.writer == seq or seq in value.undoings for value in values)

    def undo(self, seq: int, names: Iterable[str], *, by: int) -> dict[str, object]:
        """Let a change undo another one, and return what the fields hold then.

        What undoes a creation puts the thing in the trash.
        """
        for name in names:
            here = self.fields[name]
            there = here.undoings.get(seq) or here.before or Value(IN_TRASH, 0, None)
            self.fields[name] = Value(there.content, there.writer, there.before, {**there.undoings, by: here})
        return {name: self.fields[name].content for name in names}

    def content(self) -> dict[str, Any]:
        """Return all fields."""
        return {name: value.content for name, value in self.fields.items()}
