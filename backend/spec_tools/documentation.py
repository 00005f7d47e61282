"""Tells what an OpenAPI document leaves unsaid or shows too much of; it knows no specification but these rules."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema_rs import Draft202012Validator

from spec_tools.openapi import (
    JsonObject,
    Operation,
    media_types,
    read_components,
    read_operations,
    read_references,
    referred_name,
    resolve,
    walk_schemas,
)

PROBLEM_TYPE = "application/problem+json"
PROBLEM_SCHEMA = "Problem"
OWNER_NAMES = frozenset({"user_id", "owner_id"})
SECRET_WORDS = frozenset({"password", "hash", "token", "secret"})
SHOWN_ON_PURPOSE = frozenset(
    {
        *(
            (f"POST /auth/{where}", token)
            for where in ("login", "refresh")
            for token in ("access_token", "refresh_token")
        ),
        ("POST /api/personal-tokens", "token"),
    }
)
# What stands below these is a value, and no part of the description.
VALUES = frozenset({"example", "examples", "default", "const", "enum"})


# Spec: features/spec-driven.md#SPEC-004
def check_operations(document: JsonObject) -> list[str]:
    """Tell which operations lack a summary, a description, a tag, an example or a problem for an error."""
    return [
        f"{operation.name}: {difference}"
        for operation in read_operations(document)
        for difference in (
            *_unsaid(operation),
            *_without_example(document, operation),
            *_without_problem(operation),
        )
    ]


# Spec: features/spec-driven.md#SPEC-004
def check_examples(document: JsonObject) -> list[str]:
    """Tell which examples do not keep to their schema, formats included, or show a problem of another status."""
    components = {"components": document.get("components", {})}
    differences = [
        f"{place}: {error.message}"
        for place, schema, value in _examples(document)
        for error in Draft202012Validator({**schema, **components}, validate_formats=True).iter_errors(value)
    ]
    return [*differences, *_with_another_status(document)]


def check_names(document: JsonObject) -> list[str]:
    """Tell which operations have a name that another one has, that no program can use, or that repeats the path."""
    operations = read_operations(document)
    names = {operation.name: str(operation.content.get("operationId", "")) for operation in operations}
    uses = Counter(names.values())
    return [
        f"{operation.name}: the name {names[operation.name]!r} {fault}"
        for operation in operations
        for fault in _wrong_name(operation, names[operation.name], uses=uses[names[operation.name]])
    ]


def check_responses(document: JsonObject) -> list[str]:
    """Tell which fields of answers name an owner or a secret."""
    differences = {
        f"{operation.name}: answers with {field}"
        for operation in read_operations(document)
        for response in operation.content["responses"].values()
        for content in media_types(response).values()
        for _, schema in walk_schemas(document, content.get("schema", {}))
        for field in schema.get("properties", {})
        if _is_private(field) and (operation.name, field) not in SHOWN_ON_PURPOSE
    }
    return sorted(differences)


def check_inputs(document: JsonObject) -> list[str]:
    """Tell which objects in request bodies accept fields that they do not name."""
    differences = {
        f"{operation.name}: {place or 'the body'} accepts unknown fields"
        for operation in read_operations(document)
        for content in media_types(operation.content.get("requestBody", {})).values()
        for place, schema in walk_schemas(document, content.get("schema", {}))
        if _is_object(schema) and schema.get("additionalProperties") is not False
    }
    return sorted(differences)


def check_components(document: JsonObject) -> list[str]:
    """Tell which schemas are missing, and which have the wrong shape.

    An update may not demand a field, and an output may not have an optional field or a default.
    """
    components = read_components(document)
    missing = sorted(set(read_references(document)) - components.keys())
    return [
        *(f"{name}: referred to, but not described" for name in missing),
        *(
            f"{name}: {difference}"
            for name, schema in components.items()
            for difference in _wrong_shape(name, schema)
        ),
    ]


def _examples(node: Any, place: str = "") -> Iterator[tuple[str, JsonObject, Any]]:
    """Give each example with its place and its schema.

    An example belongs to a schema itself, or to what has a schema, such as a parameter.
    """
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from _examples(child, f"{place}/{index}")
    elif isinstance(node, Mapping):
        # Among properties, the names of values are names of fields.
        fields = place.endswith("/properties")
        if not fields:
            yield from ((place, node.get("schema", node), value) for value in _shown(node))
        for name, child in node.items():
            if fields or name not in VALUES:
                yield from _examples(child, f"{place}/{name}")


def _shown(node: JsonObject) -> Iterator[Any]:
    """Give the examples of a schema, which are a list, or of what has a schema, which have names."""
    examples = node.get("examples", [])
    yield from examples if isinstance(examples, list) else (example["value"] for example in examples.values())
    if "example" in node:
        yield node["example"]


def _with_another_status(document: JsonObject) -> Iterator[str]:
    for operation in read_operations(document):
        for status, response in operation.errors.items():
            content = media_types(response).get(PROBLEM_TYPE, {})
            for shown in {str(value.get("status")) for value in _shown(content)} - {status}:
                yield f"{operation.name}: the example of {status} has the status {shown}"


def _wrong_name(operation: Operation, name: str, *, uses: int) -> Iterator[str]:
    if not name.isidentifier():
        yield "is no identifier"
    if re.sub(r"\W", "_", operation.path) in name:
        yield "repeats the path"
    if uses > 1:
        yield "is not unique"


def _unsaid(operation: Operation) -> Iterator[str]:
    for name in ("summary", "description", "tags"):
        if not operation.content.get(name):
            yield f"no {name}"


def _without_example(document: JsonObject, operation: Operation) -> Iterator[str]:
    bodies = [("the request", operation.content.get("requestBody", {}))]
    bodies += [(status, response) for status, response in operation.success.items()]
    for place, body in bodies:
        for media_type, content in media_types(body).items():
            holders = (content, *_alternatives(document, content.get("schema", {})))
            if not any(holder.get(name) for holder in holders for name in ("example", "examples")):
                yield f"no example of {place} as {media_type}"


def _alternatives(document: JsonObject, schema: JsonObject) -> Iterator[JsonObject]:
    """Give a schema and what it is a choice of.

    A body that may be left out is a choice between a component and null; the component's example is the body's.
    """
    whole = resolve(document, schema)
    yield whole
    for alternative in whole.get("anyOf", []):
        yield resolve(document, alternative)


def _without_problem(operation: Operation) -> Iterator[str]:
    if not operation.errors:
        yield "no error response"
    for status, response in operation.errors.items():
        contents = media_types(response)
        if list(contents) != [PROBLEM_TYPE]:
            yield f"{status} is {' '.join(contents) or 'nothing'}, not {PROBLEM_TYPE}"
        elif referred_name(contents[PROBLEM_TYPE].get("schema", {})) != PROBLEM_SCHEMA:
            yield f"{status} does not have the schema {PROBLEM_SCHEMA}"


def _is_private(field: str) -> bool:
    words = field.lower().split("_")
    return field in OWNER_NAMES or words[-1] in SECRET_WORDS or "internal" in words


def _is_object(schema: JsonObject) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _wrong_shape(name: str, schema: JsonObject) -> Iterator[str]:
    if name.endswith(("Update", "Update-Input")):
        yield from (
            f"demands {field}, though an update may leave out any field"
            for field in schema.get("required", [])
        )
    if name.endswith(("Read", "Read-Output", "Page")) or name.startswith("Page_"):
        for field, content in schema.get("properties", {}).items():
            if field not in schema.get("required", []):
                yield f"{field} may be absent"
            if "default" in content:
                yield f"{field} has a default"
