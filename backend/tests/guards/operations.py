"""The operations of the OpenAPI document as tests call them.

With an address, and a body from the document's own example.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
from uuid_utils.compat import uuid7

Document = dict[str, Any]
Build = Callable[[str], Any]

# Stands in a body for an id that the body cannot do without.
OWN = str(UUID(int=1))
# What may be an id though its schema does not say so: a tag is given by its id or by its name.
UNSAID = {"tag"}
# Below these addresses nobody finds what is one's own.
ADMINISTRATION = ("/api/users", "/api/audit")
# After these there is nobody who could call again; each has tests of its own.
LAST = {"DELETE /api/me"}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        parameters: The names of its path parameters.
        body: A valid body, or None if it takes none.
        places: Where its body may have an id, each with what makes the smallest body that has one there.
        queries: Where its query may have an id, likewise.
        headers: The names of the headers that it is documented to take.
        statuses: The statuses that it may answer with.
        public: Whether it asks for no token.
    """

    method: str
    path: str
    parameters: tuple[str, ...] = ()
    body: dict[str, Any] | None = None
    places: Mapping[str, Build] = field(default_factory=dict)
    queries: Mapping[str, Build] = field(default_factory=dict)
    headers: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    public: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def fields(self) -> frozenset[str]:
        """The places in its body where an id may stand."""
        return frozenset(self.places)

    @property
    def is_collection(self) -> bool:
        """Whether it reads what the caller has, without being told which."""
        return self.method == "GET" and not self.parameters and not self.public

    @property
    def is_administration(self) -> bool:
        """Whether only administrators may call it."""
        return self.path.startswith(ADMINISTRATION)

    @property
    def is_last(self) -> bool:
        """Whether there is nobody afterwards who could call again."""
        return str(self) in LAST

    @property
    def is_write(self) -> bool:
        """Whether it changes what the caller has; what is asked below `/auth` is no change of rows."""
        return self.method in UNSAFE and not self.public and not self.path.startswith("/auth/")

    async def call(
        self,
        client: httpx2.AsyncClient,
        values: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> httpx2.Response:
        """Send it, with values for the path parameters.

        With the body of the document's example unless another one is given.
        """
        content = self.body if body is None else body
        return await client.request(
            self.method, self.path.format_map(values), json=content, headers=headers, params=params
        )


def operations_of(document: Document) -> list[Operation]:
    """List every operation of a document."""
    return [
        _operation(document, path, method)
        for path, methods in document["paths"].items()
        for method in methods
    ]


def names_like_ids(document: Document) -> set[str]:
    """List the names in bodies and queries that look like those of ids, whatever their schema says."""
    described = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = {
        parameter["name"]
        for operation in described
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    for operation in described:
        names |= set(_field_names(document, _body_schema(operation)))
    return {name for name in names if name == "id" or name.endswith(("_id", "_ids"))}


def _operation(document: Document, path: str, method: str) -> Operation:
    described = document["paths"][path][method]
    parameters, schema = described.get("parameters", []), _body_schema(described)
    queries = [parameter for parameter in parameters if parameter["in"] == "query"]
    return Operation(
        method.upper(),
        path,
        tuple(parameter["name"] for parameter in parameters if parameter["in"] == "path"),
        _example(document, schema),
        places=dict(_places(document, schema)),
        queries={
            query["name"]: build
            for query in queries
            for _place, build in _places(document, query["schema"], name=query["name"])
        },
        headers=frozenset(parameter["name"] for parameter in parameters if parameter["in"] == "header"),
        statuses=frozenset(described["responses"]),
        public=not described.get("security"),
    )


def _body_schema(described: Document) -> Document:
    if "requestBody" not in described:
        return {}
    schema: Document = described["requestBody"]["content"]["application/json"]["schema"]
    return schema


def _variants(document: Document, schema: Document) -> list[Document]:
    """Return the schemas that something may have, references followed, null left out."""
    if "$ref" in schema:
        return _variants(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    choices = schema.get("anyOf", schema.get("oneOf"))
    if choices is None:
        return [] if schema.get("type") == "null" else [schema]
    return [variant for choice in choices for variant in _variants(document, choice)]


def _example(document: Document, schema: Document) -> dict[str, Any] | None:
    if not schema:
        return None
    example: dict[str, Any] = _variants(document, schema)[0]["examples"][0]
    return example


def _places(document: Document, schema: Document, *, name: str = "") -> Iterator[tuple[str, Build]]:
    """Give each place for an id within a schema, with what builds the smallest value that has an id there."""
    for variant in _variants(document, schema) if schema else []:
        if variant.get("format") == "uuid" or (name in UNSAID and variant.get("type") == "string"):
            yield "", _itself
        if "items" in variant:
            yield from (
                (place, _list_of(build)) for place, build in _places(document, variant["items"], name=name)
            )
        yield from _places_of_fields(document, variant)


def _places_of_fields(document: Document, variant: Document) -> Iterator[tuple[str, Build]]:
    prefix = "".join(
        f"{field['const']}." for field in variant.get("properties", {}).values() if "const" in field
    )
    for name, inner in _written(variant).items():
        for place, build in _places(document, inner, name=name):
            yield (
                f"{prefix}{name}.{place}".rstrip("."),
                _object_with(document, variant, name=name, build=build),
            )


def _written(variant: Document) -> Document:
    """Return the properties that mean something in a request; others may come along as a read gave them."""
    return {name: inner for name, inner in variant.get("properties", {}).items() if not inner.get("readOnly")}


def _itself(value: str) -> str:
    return value


def _list_of(build: Build) -> Build:
    return lambda value: [build(value)]


def _object_with(document: Document, schema: Document, *, name: str, build: Build) -> Build:
    return lambda value: _smallest(document, schema) | {name: build(value)}


def _smallest(document: Document, schema: Document) -> Any:
    """Return the smallest value of a schema; texts are new ones, and an id that it cannot do without is `OWN`."""
    variant = _variants(document, schema)[0]
    if "const" in variant:
        return variant["const"]
    if variant.get("type") == "object":
        return {
            name: _smallest(document, variant["properties"][name]) for name in variant.get("required", [])
        }
    if "items" in variant:
        return [_smallest(document, variant["items"])] * variant.get("minItems", 0)
    if "enum" in variant:
        return variant["enum"][0]
    return OWN if variant.get("format") == "uuid" else f"Text {uuid7()}"


def _field_names(document: Document, schema: Document) -> Iterator[str]:
    for variant in _variants(document, schema) if schema else []:
        yield from _field_names(document, variant.get("items", {}))
        for name, inner in variant.get("properties", {}).items():
            yield name
            yield from _field_names(document, inner)
