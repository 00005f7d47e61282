"""What every wire shape has in common: input forbids what it does not know, output is read from rows."""

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict


class Input(BaseModel):
    """A shape that comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """A shape that goes out."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def example(value: JsonDict) -> ConfigDict:
    """Return the configuration that shows an example in the documentation of a shape."""
    return ConfigDict(json_schema_extra={"examples": [value]})
