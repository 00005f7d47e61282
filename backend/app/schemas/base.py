"""What every wire shape has in common: input forbids what it does not know, output is read from rows."""

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.config import JsonDict

_MOST_FIELDS = 100
# Stands in examples of what is sent for an id that only the reader knows; nobody has it.
# Spec: features/operations.md#OPS-050
YOUR_ID = "00000000-0000-0000-0000-000000000000"


class Input(BaseModel):
    """A shape that comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, value: object) -> object:
        """Refuse an object with too many fields at once.

        It would be refused field by field, which takes a while for the fields that a megabyte can hold.
        """
        if isinstance(value, dict) and len(value) > _MOST_FIELDS:
            raise ValueError("has too many fields")
        return value


class Output(BaseModel):
    """A shape that goes out."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def example(value: JsonDict) -> ConfigDict:
    """Return the configuration that shows an example in the documentation of a shape."""
    return ConfigDict(json_schema_extra={"examples": [value]})
