"""Types of the values in an address, which are texts there; those of bodies are in `domain/fields.py`."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator, StringConstraints

from app.domain.fields import NAME_LENGTH, folded
from app.domain.text import storable

NONE = "none"
_MOST_PARTS = 100


def several(value: object) -> object:
    """Take values that are separated by commas, repeated, or in a list."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list):
        return given
    parts = [part for item in given for part in _parts(item)]
    if len(parts) > _MOST_PARTS:
        # Refused at once, before each of them is looked at.
        raise ValueError(f"must have at most {_MOST_PARTS} values")
    return parts


def _parts(item: object) -> list[str] | list[object]:
    return item.split(",") if isinstance(item, str) else [item]


def _flag(value: object) -> object:
    known = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in known:
        return known[value]
    raise ValueError("must be true or false")


def _id_or_none(value: object) -> UUID | str:
    if isinstance(value, UUID) or value == NONE:
        return value
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f"must be a UUID, or {NONE}") from None


QueryFlag = Annotated[bool, BeforeValidator(_flag)]
IdOrNone = Annotated[
    UUID | Literal["none"],
    PlainValidator(_id_or_none, json_schema_input_type=UUID | Literal["none"]),
    PlainSerializer(str, when_used="json"),
]
PartOfName = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), AfterValidator(storable)]
PartOfFoldedName = Annotated[PartOfName, AfterValidator(folded)]
