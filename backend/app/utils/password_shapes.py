"""What is said of passwords without any list: in which form they are compared, and which are too simple."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

# How many characters, said over and over, are no password.
_LONGEST_PATTERN = 4
_FEWEST_CHARACTERS = 3


def normal(password: str) -> str:
    """Return a password in the form in which it is hashed, NFKC: the same from every keyboard."""
    # Spec: features/users.md#USER-023
    return unicodedata.normalize("NFKC", password)


def spellings(password: str) -> tuple[str, ...]:
    """Return the forms in which a password may have been hashed: the normal one, and as it was typed."""
    # Spec: features/users.md#USER-023
    return tuple(dict.fromkeys((normal(password), password)))


def is_simple(password: str) -> bool:
    """Tell whether a password is at most two characters, a short pattern over and over, or a sequence."""
    # Spec: features/users.md#USER-022
    text = password.casefold()
    if len(set(text)) < _FEWEST_CHARACTERS:
        return True
    return any(_repeats(text, length) for length in range(1, _LONGEST_PATTERN + 1)) or _is_sequence(text)


def names_somebody(password: str, called: Iterable[str | None]) -> bool:
    """Tell whether a password is what somebody is called: an e-mail, what stands before its @, or a name.

    Letter case and white space make no difference.
    """
    # Spec: features/users.md#USER-022
    names = {_bare(part) for name in called if name is not None for part in (name, name.partition("@")[0])}
    return _bare(password) in names


def _bare(text: str) -> str:
    return "".join(normal(text).casefold().split())


def _repeats(text: str, length: int) -> bool:
    return all(character == text[index % length] for index, character in enumerate(text))


def _is_sequence(text: str) -> bool:
    """Tell whether each character is the next one of the one before it, or each the one before; 0 comes after 9."""
    steps = {_step(first, second) for first, second in pairwise(text)}
    return steps in ({1}, {-1})


def _step(first: str, second: str) -> int:
    if {first, second} == {"0", "9"}:
        return 1 if first == "9" else -1
    return ord(second) - ord(first)
