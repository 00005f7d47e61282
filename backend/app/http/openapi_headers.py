"""What the OpenAPI document says of headers.

They are inferred from what an operation says otherwise, so that no route repeats them.
"""

from collections.abc import Container, Iterator
from typing import Any

Described = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_TAG = r'(W/)?"[!#-~]*"'
_TAGS = {"type": "string", "pattern": rf"^(\*|{_TAG}(, *{_TAG})*)$", "maxLength": 4096}
_KEY = {"type": "string", "pattern": r'^("([ !#-\[\]-~]|\\["\\]){1,255}"|[!#-~]{1,255})$'}


def _parameter(name: str, description: str, *, schema: Described) -> Described:
    # Spec: features/operations.md#OPS-050
    # It has no example: the documentation page would send it with every request.
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_IDEMPOTENCY_KEY = _parameter(
    "Idempotency-Key",
    (
        "A key of your choice that makes the request safe to repeat: within 24 hours, the same request with "
        "the same key gets the same answer again and has no further effect. Take a new one for each request "
        'that is meant, such as `"8e03978e-40d5-43dd-bc93-6894a57f9324"`.'
    ),
    schema=_KEY,
)
_IF_MATCH = _parameter(
    "If-Match",
    'The versions that you have seen, such as `"3"`: with any other, the answer is 412.',
    schema=_TAGS,
)
_IF_NONE_MATCH = _parameter(
    "If-None-Match",
    'The versions that you have, such as `"3"`: with one of them, the answer is 304.',
    schema=_TAGS,
)
_PREFER = _parameter(
    "Prefer",
    (
        "`merge` applies the change to a newer version than those in `If-Match`, unless one of its fields "
        "was written otherwise since: then the answer is 409."
    ),
    schema={"type": "string"},
)


def _header(description: str, *, required: bool, **schema: object) -> Described:
    return {"description": description, "required": required, "schema": {"type": "string", **schema}}


_REQUEST_ID = _header("Names the request in our log.", required=True)
_REPLAYED = _header(
    "Comes when the request was answered before, with this answer.", required=False, const="true"
)
_ETAG = _header("The version as an entity tag.", required=True, pattern='^"[1-9][0-9]*"$')


def describe_headers(document: Described, *, conditional: Container[str], keyed: Container[str]) -> None:
    """Add the headers of every request and every answer.

    `conditional` are the ids of the operations that take a condition, `keyed` of those that keep answers under a key.
    """
    schemas = document["components"]["schemas"]
    every = ((method, operation) for item in document["paths"].values() for method, operation in item.items())
    for method, operation in every:
        _describe_condition(operation, method=method, versioned=_answers_a_version(schemas, operation))
        takes_condition, takes_key = (operation["operationId"] in some for some in (conditional, keyed))
        added = [*operation.get("parameters", []), *([_IDEMPOTENCY_KEY] if takes_key else [])]
        added += _conditions(method=method) if takes_condition else []
        if added:
            operation["parameters"] = added
        for status, response in operation["responses"].items():
            response.setdefault("headers", {}).update(_headers(status, takes_key=takes_key))


def _describe_condition(operation: Described, *, method: str, versioned: bool) -> None:
    """Tell of the entity tag that comes with one versioned thing, and what a reader who knows it is spared."""
    # Spec: features/safe-writes.md#SAFE-007
    if not versioned:
        return
    for response in _successes(operation):
        response.setdefault("headers", {})["ETag"] = _ETAG
    if method == "get":
        operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
        operation["responses"]["304"] = {"description": "You have it already", "headers": {"ETag": _ETAG}}
        operation["responses"] = dict(sorted(operation["responses"].items()))


def _conditions(*, method: str) -> Iterator[Described]:
    """Give the headers of a condition; where it is of a partial update, that may ask for a merge."""
    # Spec: features/safe-writes.md#SAFE-008 features/safe-writes.md#SAFE-009 features/safe-writes.md#SAFE-011
    yield _IF_MATCH
    if method == "patch":
        yield _PREFER


def _headers(status: str, *, takes_key: bool) -> Iterator[tuple[str, Described]]:
    if status.startswith("2") and takes_key:
        yield "Idempotency-Replayed", _REPLAYED
    yield "X-Request-ID", _REQUEST_ID


def _successes(operation: Described) -> Iterator[Described]:
    return (response for status, response in operation["responses"].items() if status.startswith("2"))


def _answers_a_version(schemas: Described, operation: Described) -> bool:
    """Tell whether what is answered is one versioned thing: one that holds others changes without its own version."""
    contents = [
        content for response in _successes(operation) for content in response.get("content", {}).values()
    ]
    fields = [_fields(schemas, content.get("schema", {})) for content in contents]
    return bool(fields) and all(
        "version" in names
        and not any("version" in _fields(schemas, field.get("items", {})) for field in names.values())
        for names in fields
    )


def _fields(schemas: Described, schema: Described) -> Described:
    named = schemas.get(schema.get("$ref", "").removeprefix(_REFERENCE), schema)
    fields: Described = named.get("properties", {})
    return fields
