"""What the OpenAPI document says of limits, with every operation that has one. Which those are, the routes say."""

from collections.abc import Container
from typing import Any

from app.domain.errors import TooMany
from app.http.documented_problems import documented
from app.http.problems import status_of

Described = dict[str, Any]

_STATUS = status_of(TooMany)
_ITEM = '"[a-z-]+"'


def _header(description: str, *, parameters: str) -> Described:
    pattern = f"^{_ITEM}{parameters}(, *{_ITEM}{parameters})*$"
    return {"description": description, "required": False, "schema": {"type": "string", "pattern": pattern}}


_HEADERS = {
    "RateLimit": _header(
        'How a limit stands: `"read";r=5999;t=42` has 5999 requests left for 42 seconds.',
        parameters=";r=[0-9]+;t=[0-9]+",
    ),
    "RateLimit-Policy": _header(
        'The limit: `"read";q=6000;w=60` is 6000 requests in 60 seconds.', parameters=";q=[0-9]+;w=[0-9]+"
    ),
}


def describe_limits(document: Described, *, limited: Container[str]) -> None:
    """Add to operations that they may be refused for being asked too often, and what every answer tells about that.

    `limited` are the ids of the operations that have a limit.
    """
    # Spec: features/limits.md#LIMIT-006
    for operation in (operation for item in document["paths"].values() for operation in item.values()):
        if operation["operationId"] not in limited:
            continue
        refused = documented(TooMany)[_STATUS]
        answers = operation["responses"] | {str(_STATUS): refused}
        request_id = operation["responses"]["500"]["headers"]
        refused["headers"] |= request_id
        operation["responses"] = dict(sorted(answers.items()))
        for response in answers.values():
            response.setdefault("headers", {}).update(_HEADERS)
