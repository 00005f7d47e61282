"""What the OpenAPI document says for those who make programs from it: names, order and meaning.

What an operation does is said with the operation.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from app import __version__
from app.schemas.base import Input

Described = dict[str, Any]

# What FastAPI puts at the top of the document.
ABOUT: Described = {
    "title": "Agendum",
    "version": __version__,
    "description": "Tasks that are committed once, numbered once, seen by nobody else, and never lost.",
    "license_info": {"name": "MIT", "identifier": "MIT"},
    "contact": {"name": "The Agendum authors"},
    "servers": [{"url": "/", "description": "The service that gives this document."}],
}
_CODE, _ENTITY = "ProblemCode", "Entity"
_ENTITIES = (
    "The kind of thing that a change is of. More may come: a program passes over those that it does not know."
)
_CODES = "What went wrong, for programs. More may come: treat one that you do not know by the status of the response."


def describe_document(document: Described, *, codes: Iterable[str], entities: Iterable[str]) -> None:
    """Say what programs are made from.

    Args:
        document: The document, which is completed.
        codes: Those of all problems.
        entities: What the change sequence calls the kinds of things.
    """
    # Spec: features/spec-driven.md#SPEC-010
    schemas = document["components"]["schemas"]
    for shape in _inputs(Input):
        _leave_out_defaults(schemas.get(shape.__name__, {}))
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        # Said in so many words, so that nobody takes it for forgotten.
        operation.setdefault("security", [])
        for parameter in operation.get("parameters", ()):
            _describe_parameter(parameter)
    _enumerate(schemas, _CODE, {*codes}, fields=[schemas["Problem"]["properties"]["code"]], about=_CODES)
    _enumerate(
        schemas, _ENTITY, {*entities}, fields=[schemas["ChangeRead"]["properties"]["entity"]], about=_ENTITIES
    )


def _enumerate(
    schemas: Described, name: str, values: set[str], *, fields: Iterable[Described], about: str
) -> None:
    """Describe an enumeration that the service gathers, and say that fields have its values."""
    schemas[name] = {"type": "string", "title": name, "description": about, "enum": sorted(values)}
    for field in fields:
        field |= {"$ref": f"#/components/schemas/{name}"}
        del field["type"]


def _inputs(kind: type[Input]) -> Iterator[type[Input]]:
    for shape in kind.__subclasses__():
        yield shape
        yield from _inputs(shape)


def _leave_out_defaults(schema: Described) -> None:
    """Move the defaults of fields into their descriptions.

    Generators take a field with a default for one that is always there, even in a request.
    """
    for described in schema.get("properties", {}).values():
        if (default := described.pop("default", None)) is not None:
            described["description"] = f"{described['description']} When absent: `{json.dumps(default)}`."


def _describe_parameter(parameter: Described) -> None:
    """Say what is missing of a parameter, and that none in an address is null: it is left out."""
    schema = parameter["schema"]
    if parameter["name"].endswith("_id"):
        called = parameter["name"].removesuffix("_id").replace("_", " ")
        parameter.setdefault("description", f"The id of the {called}.")
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema |= choices[0]
    elif choices:
        schema["anyOf"] = choices
