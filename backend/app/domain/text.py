"""What may stand in a text. Text is stored as it was written or refused; nothing is trimmed, folded or replaced."""

import re

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# Code points that no font shows although they are letters, marks and symbols by category: the variation selectors, the
# other ones of Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), the blank pattern of Braille, the
# null notehead.
_INVISIBLE = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U0001d159\U000e0100-\U000e01ef]"
)


def shows(text: str) -> bool:
    """Tell whether a person sees anything of a text."""
    # Spec: features/tasks.md#TASK-002 features/comments.md#COMMENT-002
    return any(character.isprintable() and not character.isspace() for character in _INVISIBLE.sub("", text))


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
    if not shows(text):
        raise ValueError("must not be empty")
    if _NOT_ONE_LINE.search(text):
        raise ValueError("must be one line without control characters")
    return text
