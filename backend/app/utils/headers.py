"""Headers of requests in the form that their standards give them.

It knows no resource, and nothing of what they are for.
"""

import re
from collections.abc import Sequence

LONGEST_KEY = 255
# A string of RFC 9651, or the same without quotes, as many clients send it.
_KEY = re.compile(r'"(?P<quoted>(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"|(?P<bare>[\x21\x23-\x7e]+)')
_ESCAPED = re.compile(r"\\(.)")
# One that is never closed reaches to the end, so that no header takes long.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')


class InvalidHeaderError(ValueError):
    """The header is not what its standard says; the text never repeats it."""


def idempotency_key(lines: Sequence[str]) -> str | None:
    """Return the key of `Idempotency-Key`, with quotes or without, or None if there is none.

    The header is that of draft-ietf-httpapi-idempotency-key-header.

    Raises:
        InvalidHeaderError: The lines of the header are not one key.
    """
    if not lines:
        return None
    match = _KEY.fullmatch(lines[0]) if len(lines) == 1 else None
    key = "" if match is None else match["bare"] or _ESCAPED.sub(r"\1", match["quoted"])
    if not 1 <= len(key) <= LONGEST_KEY:
        raise InvalidHeaderError(f"must be one key of 1 to {LONGEST_KEY} visible characters")
    return key


def prefers(lines: Sequence[str], preference: str) -> bool:
    """Tell whether the lines of `Prefer` (RFC 7240) name a preference that has no value; parameters mean nothing."""
    given = _QUOTED.sub("x", ",".join(lines)).lower().split(",")
    return preference in (one.partition(";")[0].strip(" \t") for one in given)


def printable(text: str, *, longest: int) -> str:
    """Return a text of a stranger's choice so that it can be shown and logged: printable ASCII alone, and bounded."""
    return re.sub("[^ -~]", "?", text[:longest]).strip()
