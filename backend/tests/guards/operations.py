"""The operations of the OpenAPI document as tests call them: with an address, and a body from the document's own example."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

Document = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        parameters: The names of its path parameters.
        body: A valid body, or None if it takes none.
        fields: The names of the fields that its body may have.
        public: Whether it asks for no token.
    """

    method: str
    path: str
    parameters: tuple[str, ...] = ()
    body: dict[str, Any] | None = None
    fields: frozenset[str] = field(default_factory=frozenset)
    public: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_collection(self) -> bool:
        """Whether it reads what the caller has, without being told which."""
        return self.method == "GET" and not self.parameters and not self.public

    async def call(self, client: httpx2.AsyncClient, values: Mapping[str, str], **body: Any) -> httpx2.Response:
        """Send it, with values for the path parameters and changes to the body."""
        content = None if self.body is None else self.body | body
        return await client.request(self.method, self.path.format_map(values), json=content)


def operations_of(document: Document) -> list[Operation]:
    """List every operation of a document."""
    return list(_operations(document))


def _operations(document: Document) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            schema = _body_schema(document, described)
            yield Operation(
                method.upper(),
                path,
                tuple(parameter["name"] for parameter in described.get("parameters", ()) if parameter["in"] == "path"),
                schema["examples"][0] if schema else None,
                frozenset(schema["properties"]) if schema else frozenset(),
                not described.get("security"),
            )


def _body_schema(document: Document, described: Document) -> Document | None:
    if "requestBody" not in described:
        return None
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    named = [choice for choice in schema.get("anyOf", [schema]) if "$ref" in choice]
    found: Document = document["components"]["schemas"][named[0]["$ref"].rsplit("/", 1)[-1]]
    return found
