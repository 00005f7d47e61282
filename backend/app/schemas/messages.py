"""Says what is wrong with an input in words of our own.

Pydantic's messages may repeat the input; none of these does.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.faults import FieldError

_MOST_ERRORS = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,63}")

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "string_unicode": "must not contain unpaired surrogates",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} values",
    "too_long": "must have at most {max_length} values",
    "bool_type": "must be true or false",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "date_parsing": "must be a date such as 2026-12-01",
    "date_from_datetime_parsing": "must be a date such as 2026-12-01",
    "time_parsing": "must be a time such as 09:00",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
}
_OWN = "value_error"


def field_errors(errors: Sequence[Mapping[str, Any]]) -> tuple[FieldError, ...]:
    """Translate Pydantic's errors, at most 20 of them."""
    return tuple(FieldError(_field(error["loc"]), _message(error)) for error in errors[:_MOST_ERRORS])


def _message(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in ("string_too_short", "too_short") and context["min_length"] == 1:
        return "must not be empty"
    if kind == _OWN:
        return str(context.get("error", "is not valid"))
    return _MESSAGES.get(kind, "is not valid").format_map(context)


def _field(place: Sequence[int | str]) -> str:
    """Name the field; a name that the caller made up is repeated only if it looks like a name."""
    steps = place[1:] if place and place[0] in ("body", "query", "path", "header") else place
    path = [str(step) for step in steps]
    if not path:
        return "body"
    return ".".join(step if _NAME.fullmatch(step) or step.isdecimal() else "(unnamed)" for step in path)
