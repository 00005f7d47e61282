"""What the OpenAPI document says for those who make programs from it: names, order and meaning.

What an operation does is said with the operation.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from app import __version__
from app.schemas.base import Input

Described = dict[str, Any]

_TAGS = {
    "accounts": "Registering, logging in, and your own profile.",
    "tasks": "What is to be done: one at a time, or up to 100 in one request.",
    "categories": "The lists or projects that tasks are in, in a manual order.",
    "tags": "Names that tasks have any number of.",
    "comments": "What is said about a task.",
    "filters": "Questions to the task list that are kept under a name.",
    "trash": "What was deleted in the last 30 days: restore it, or remove it for good.",
    "changes": "Everything that happened, in one sequence without a gap: to synchronise by, and to undo.",
    "health": "Whether the process lives, and whether it can serve.",
}
# What FastAPI puts at the top of the document.
ABOUT: Described = {
    "title": "Agendum",
    "version": __version__,
    "description": "Tasks that are committed once, numbered once, seen by nobody else, and never lost.",
    "license_info": {"name": "MIT", "identifier": "MIT"},
    "contact": {"name": "The Agendum authors"},
    "servers": [{"url": "/", "description": "The service that gives this document."}],
    "openapi_tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
}
_PATH_PARAMETERS = {
    "task_id": "The id of the task.",
    "category_id": "The id of the category.",
    "tag_id": "The id of the tag.",
    "comment_id": "The id of the comment.",
    "filter_id": "The id of the saved filter.",
}
_CODE = "ProblemCode"
_CODES = "What went wrong, for programs. More may come: treat one that you do not know by the status of the response."


def describe_document(document: Described, *, codes: Iterable[str]) -> None:
    """Say what programs are made from; `codes` are those of all problems."""
    # Spec: features/spec-driven.md#SPEC-010
    schemas = document["components"]["schemas"]
    for shape in _inputs(Input):
        _leave_out_defaults(schemas.get(shape.__name__, {}))
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        # Said in so many words, so that nobody takes it for forgotten.
        operation.setdefault("security", [])
        for parameter in operation.get("parameters", ()):
            _describe_parameter(parameter)
    schemas[_CODE] = {"type": "string", "title": _CODE, "description": _CODES, "enum": sorted({*codes})}
    schemas["Problem"]["properties"]["code"] |= {"$ref": f"#/components/schemas/{_CODE}"}
    del schemas["Problem"]["properties"]["code"]["type"]


def _inputs(kind: type[Input]) -> Iterator[type[Input]]:
    for shape in kind.__subclasses__():
        yield shape
        yield from _inputs(shape)


def _leave_out_defaults(schema: Described) -> None:
    """Tell defaults in words: generators take a field with a default for one that is always there, even in a request."""
    for described in schema.get("properties", {}).values():
        if (default := described.pop("default", None)) is not None:
            described["description"] = f"{described['description']} When absent: `{json.dumps(default)}`."


def _describe_parameter(parameter: Described) -> None:
    """Say what is missing of a parameter, and that none in an address is null: it is left out."""
    schema = parameter["schema"]
    if parameter["name"] in _PATH_PARAMETERS:
        parameter.setdefault("description", _PATH_PARAMETERS[parameter["name"]])
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema |= choices[0]
    elif choices:
        schema["anyOf"] = choices
