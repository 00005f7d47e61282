"""Where a request may have a value, and values that are meant to break something. It sends nothing.

Values of bodies are JSON texts, so that one can stand here that no reader takes for a value.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.guards.operations import (
    Build,
    Document,
    Operation,
    _body_schema,
    _itself,
    _list_of,
    _object_with,
    _variants,
    _written,
)

_HERE = "the value stands here"
# Longer than anything may be, and as an address still short enough for the client of the tests.
LONG = 15_000
TEXTS: dict[str, str] = {
    "NUL": "a\0b",
    "lone surrogate": "a\ud800 \udfffb",
    "strange": "\ufeffa\u202egnp.exe\u2069 \U0001f468\u200d\U0001f469 \U0010ffff a" + "\u0301\u0316" * 200,
    "controls": "a\r\nSet-Cookie: a=b\x1b[31m\x9b",
    "SQL": "'; DROP TABLE agendum.task; --",
    "backtracking": "a" * (LONG - 1) + "!",
    "wildcards": "%_" * (LONG // 2),
}
# Beyond 64 bits no column holds them.
NUMBERS = {
    "below 64 bits": "-9223372036854775809",
    "above 64 bits": "9223372036854775808",
    "endless": "1e999",
}
MOMENTS = {
    "year 0": "0000-01-01T00:00:00Z",
    "year 10000": "10000-01-01T00:00:00Z",
    "leap second": "2026-12-31T23:59:60Z",
    "hour 25": "2026-12-31T25:00:00Z",
    "offset": "2026-12-31T23:00:00+99:99",
    "no offset that there is": "2026-12-31T23:00:00+24:00",
    "30 February": "2026-02-30",
    "date of year 0": "0000-01-01",
    "date of year 10000": "10000-01-01",
}
NESTED = {"64 deep": "[" * 64 + "]" * 64, "900 deep": '{"a":' * 900 + "1" + "}" * 900}
# Deeper than the parser goes, wherever it stands.
DEEPEST = {"65 deep": "[" * 65 + "]" * 65, "100,000 deep": "[" * 100_000 + "]" * 100_000}


class Leaf(NamedTuple):
    """A place in the body of an operation that has a value of its own, and what builds a body around one."""

    place: str
    schema: Document
    build: Build

    def body(self, value: str) -> bytes:
        """Return the smallest body that has a JSON text at this place."""
        return json.dumps(self.build(_HERE)).replace(json.dumps(_HERE), value).encode()


def leaves_of(document: Document, operation: Operation) -> list[Leaf]:
    """List the places of values in the body of an operation."""
    described = document["paths"][operation.path][operation.method.lower()]
    return list(_leaves(document, _body_schema(described)))


def queries_of(document: Document, operation: Operation) -> list[str]:
    """List the names in the query of an operation."""
    described = document["paths"][operation.path][operation.method.lower()]
    return [asked["name"] for asked in described.get("parameters", ()) if asked["in"] == "query"]


def quoted(text: str) -> str:
    """Return a text as it stands in an address, what is no UTF-8 included."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _leaves(document: Document, schema: Document) -> Iterator[Leaf]:
    for variant in _variants(document, schema) if schema else []:
        if "properties" in variant:
            yield from _leaves_of_fields(document, variant)
        elif "items" in variant:
            for leaf in _leaves(document, variant["items"]):
                yield leaf._replace(build=_list_of(leaf.build))
        else:
            yield Leaf("", variant, _itself)


def _leaves_of_fields(document: Document, variant: dict[str, Any]) -> Iterator[Leaf]:
    for name, inner in _written(variant).items():
        for place, schema, build in _leaves(document, inner):
            around = _object_with(document, variant, name=name, build=build)
            yield Leaf(f"{name}.{place}".rstrip("."), schema, around)
