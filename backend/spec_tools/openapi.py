"""Walks an OpenAPI document; it makes no judgement about what it finds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JsonObject = Mapping[str, Any]

METHODS = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "query", "trace"})
REFERENCE_PREFIX = "#/components/schemas/"
# The keywords whose schemas say more of the same value.
_COMBINATIONS = ("anyOf", "oneOf", "allOf", "not", "if", "then", "else")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document.

    Attributes:
        method: The method in capitals.
        path: The path template.
        content: The operation object.
    """

    method: str
    path: str
    content: JsonObject

    @property
    def name(self) -> str:
        """The method and the path, as in `GET /api/tasks`."""
        return f"{self.method} {self.path}"

    @property
    def success(self) -> dict[str, JsonObject]:
        """The responses of the 2xx statuses by status."""
        return {
            status: response
            for status, response in self.content["responses"].items()
            if status.startswith("2")
        }

    @property
    def errors(self) -> dict[str, JsonObject]:
        """The responses of every other status except 304, `default` included, by status."""
        return {
            status: response
            for status, response in self.content["responses"].items()
            if not status.startswith("2") and status != "304"
        }


def read_operations(document: JsonObject) -> tuple[Operation, ...]:
    """List the operations of a document in its order."""
    return tuple(
        Operation(method.upper(), path, content)
        for path, item in document["paths"].items()
        for method, content in item.items()
        if method in METHODS
    )


def media_types(body: JsonObject) -> dict[str, JsonObject]:
    """Give the contents of a request body or a response by media type."""
    return dict(body.get("content", {}))


def referred_name(schema: JsonObject) -> str:
    """Give the name of the component that a schema refers to, or an empty string."""
    return str(schema.get("$ref", "")).removeprefix(REFERENCE_PREFIX)


def resolve(document: JsonObject, schema: JsonObject) -> JsonObject:
    """Follow a reference to its component, empty if there is none; a schema in place is given as it is."""
    name = referred_name(schema)
    return read_components(document).get(name, {}) if name else schema


def read_components(document: JsonObject) -> dict[str, JsonObject]:
    """Give the schemas that have a name, by it."""
    return dict(document.get("components", {}).get("schemas", {}))


def read_references(node: object) -> Iterator[str]:
    """Give the name of every component that is referred to within a document or a part of one."""
    if isinstance(node, Mapping):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield referred_name(node)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from read_references(child)


def walk_schemas(document: JsonObject, schema: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Give each schema within a schema once, with the name of the component it stands in ("" outside of any)."""
    seen: set[str] = set()
    waiting: list[tuple[str, Any]] = [("", schema)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, list):
            waiting.extend((place, child) for child in node)
        elif isinstance(node, Mapping):
            name = referred_name(node)
            if name and name not in seen:
                seen.add(name)
                waiting.append((name, resolve(document, node)))
            elif not name:
                yield place, node
                waiting.extend((place, child) for child in _inner_schemas(node))


def _inner_schemas(schema: JsonObject) -> Iterator[Any]:
    for keyword in ("properties", "patternProperties", "$defs"):
        yield from schema.get(keyword, {}).values()
    for keyword in ("items", "prefixItems", "additionalProperties", *_COMBINATIONS):
        yield schema.get(keyword)
