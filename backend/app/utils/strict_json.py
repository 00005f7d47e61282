"""JSON as RFC 8259 has it, and without what readers understand differently.

The standard library's parser takes more.
"""

import json
from typing import Any, NoReturn

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class MalformedJSONError(ValueError):
    """The text is not JSON in UTF-8, or nests deeper or has longer numbers than the parser takes.

    The message repeats nothing of it.
    """


class RepeatedNameError(ValueError):
    """An object has a name twice, so that it depends on the reader what it says (RFC 7493, 2.3).

    The message repeats nothing of it.
    """


def parse(text: bytes) -> Any:
    """Return what a JSON text says; a byte order mark before it is ignored, as RFC 8259 allows.

    Raises:
        MalformedJSONError: It is not JSON.
        RepeatedNameError: An object in it, at any depth, has a name twice.
    """
    try:
        return DECODER.decode(text.removeprefix(_BYTE_ORDER_MARK).decode())
    except RepeatedNameError:
        raise
    except (ValueError, RecursionError):
        raise MalformedJSONError from None


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) < len(members):
        raise RepeatedNameError
    return made


def _refuse(_constant: str) -> NoReturn:
    """Refuse NaN and the infinities, which the parser knows and JSON does not."""
    raise MalformedJSONError


# Reads one value of a longer text by `raw_decode`.
DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)
