"""Tells what an OpenAPI document lacks for those who make programs from it; it knows no generator."""

import re
from collections.abc import Iterator
from typing import Any

from spec_tools.openapi import (
    JsonObject,
    Operation,
    media_types,
    read_components,
    read_operations,
    walk_schemas,
)

CAMEL_CASE = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*")
# What comes with one kind of problem alone.
SOMETIMES = {("Problem", "conflicts")}


# Spec: features/spec-driven.md#SPEC-010
def check_descriptions(document: JsonObject) -> list[str]:
    """Tell which properties and parameters have no description."""
    properties = [
        f"{name}: {field} is not described"
        for name, schema in read_components(document).items()
        for field, content in schema.get("properties", {}).items()
        if not content.get("description")
    ]
    return properties + [
        f"{operation.name}: {parameter['name']} is not described"
        for operation in read_operations(document)
        for parameter in operation.content.get("parameters", ())
        if not parameter.get("description")
    ]


# Spec: features/spec-driven.md#SPEC-010
def check_enumerations(document: JsonObject) -> list[str]:
    """Tell where an enumeration stands within something else, so that each generator makes up a name for it."""
    named = {f"/components/schemas/{name}" for name in read_components(document)}
    return [
        f"{place}: an enumeration without a name" for place in _enumerations(document) if place not in named
    ]


# Spec: features/spec-driven.md#SPEC-010
def check_presence(document: JsonObject) -> list[str]:
    """Tell which fields of requests have a default, and which fields of answers may be missing.

    Generators take a field with a default for one that is always there.
    """
    operations = read_operations(document)
    with_default = {
        f"{name or operation.name}: {field} has a default"
        for operation in operations
        for name, field, content, _required in _fields(document, operation.content.get("requestBody", {}))
        if "default" in content
    }
    missing = {
        f"{name or operation.name}: {field} may be missing"
        for operation in operations
        for response in operation.content["responses"].values()
        for name, field, _content, required in _fields(document, response)
        if not required and (name, field) not in SOMETIMES
    }
    return sorted(with_default | missing)


# Spec: features/spec-driven.md#SPEC-010
def check_frame(document: JsonObject) -> list[str]:
    """Tell what is missing around the operations: tags, servers, licence, contact, and names in camel case."""
    declared = {tag["name"]: tag for tag in document.get("tags", ())}
    operations = read_operations(document)
    used = {tag for operation in operations for tag in operation.content.get("tags", ())}
    info = document.get("info", {})
    return [
        *(f"the tag {name} is not declared" for name in sorted(used - declared.keys())),
        *(f"the tag {name} is not used" for name in sorted(declared.keys() - used)),
        *(f"the tag {name} is not described" for name, tag in declared.items() if not tag.get("description")),
        *(
            f"no {name}"
            for name, value in (
                ("servers", document.get("servers")),
                *((key, info.get(key)) for key in _ABOUT),
            )
            if not value
        ),
        *(
            f"{operation.name}: its name is not in camel case"
            for operation in operations
            if not _is_camel_case(operation)
        ),
    ]


_ABOUT = ("license", "contact")


def _is_camel_case(operation: Operation) -> bool:
    return CAMEL_CASE.fullmatch(str(operation.content.get("operationId", ""))) is not None


def _enumerations(node: Any, place: str = "") -> Iterator[str]:
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from _enumerations(child, f"{place}/{index}")
    elif isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            yield place
        for name, child in node.items():
            if name not in ("example", "examples"):
                yield from _enumerations(child, f"{place}/{name}")


def _fields(document: JsonObject, body: JsonObject) -> Iterator[tuple[str, str, JsonObject, bool]]:
    """Give each field of a body, however deep: its component, its name, its schema, and whether it is required."""
    for content in media_types(body).values():
        for name, schema in walk_schemas(document, content.get("schema", {})):
            for field, inner in schema.get("properties", {}).items():
                yield name, field, inner, field in schema.get("required", ())
