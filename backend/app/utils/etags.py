"""Entity tags of HTTP (RFC 9110, section 8.8.3) and the conditions that name them. It knows no resource."""

import re

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ONE = re.compile(_TAG)
# Elements of a list may be empty (section 5.6.1).
_LIST = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_LONGEST = 4096


class InvalidTagError(ValueError):
    """The header is neither `*` nor a list of entity tags; the text never repeats it."""


def read_tags(header: str) -> frozenset[str] | None:
    """Return the entity tags of `If-Match` or `If-None-Match` as they are written, or None for `*`, which means any.

    Raises:
        InvalidTagError: It is neither.
    """
    if header.strip(" \t") == "*":
        return None
    if len(header) > _LONGEST or not _LIST.fullmatch(header):
        raise InvalidTagError('must be * or entity tags such as "3"')
    return frozenset(_ONE.findall(header))


def weakly_equal(first: str, second: str) -> bool:
    """Compare two tags as `If-None-Match` does: without regard to whether they are weak."""
    return first.removeprefix("W/") == second.removeprefix("W/")
