"""What may stand in a text. Text is stored as it was written or refused; nothing is trimmed, folded or replaced."""

import re

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text if a database and every client can hold it.

    Raises:
        ValueError: It holds NUL, a control character other than tab and line breaks, or an unpaired surrogate.
    """
    # Spec: features/tasks.md#TASK-003
    if _UNSTORABLE.search(text):
        raise ValueError("must not contain control characters")
    return text


def one_line(text: str) -> str:
    """Return the text if it is one line that a person can see.

    Raises:
        ValueError: It is blank, or holds a line break or another control character.
    """
    # Spec: features/tasks.md#TASK-002
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise ValueError("must not be empty")
    if _NOT_ONE_LINE.search(text):
        raise ValueError("must be one line without control characters")
    return text
