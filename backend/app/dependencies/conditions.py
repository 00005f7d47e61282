"""What a write expects of what it changes, as its headers say it.

Which writes take a condition is told by the route's signature.
"""

import re

from starlette.datastructures import Headers

from app.domain.errors import invalid_field
from app.domain.preconditions import ANY, Expected
from app.utils.etags import InvalidTagError, read_tags
from app.utils.headers import prefers

_VERSION = re.compile(r'"[1-9][0-9]{0,17}"')


def condition(headers: Headers) -> Expected:
    """Read `If-Match`, and whether a merge is preferred.

    Raises:
        Invalid: `If-Match` is neither `*` nor entity tags, or there is an `If-None-Match`.
    """
    # Spec: features/safe-writes.md#SAFE-008 features/safe-writes.md#SAFE-009
    _refuse_condition_of_reads(headers)
    if not (lines := headers.getlist("If-Match")):
        return ANY
    try:
        tags = read_tags(", ".join(lines))
    except InvalidTagError as error:
        raise invalid_field("If-Match", str(error)) from error
    versions = None if tags is None else frozenset(int(tag[1:-1]) for tag in tags if _VERSION.fullmatch(tag))
    return Expected(versions, merge=prefers(headers.getlist("Prefer"), "merge"))


def refuse_condition(headers: Headers) -> None:
    """Refuse a condition on a write that has nothing to compare it with.

    Raises:
        Invalid: There is an `If-Match` or an `If-None-Match`.
    """
    # Spec: features/safe-writes.md#SAFE-008
    _refuse_condition_of_reads(headers)
    if "If-Match" in headers:
        raise invalid_field("If-Match", "is for writes of one thing that is there")


def _refuse_condition_of_reads(headers: Headers) -> None:
    if "If-None-Match" in headers:
        raise invalid_field("If-None-Match", "is for reads; a write is made conditional by If-Match")
