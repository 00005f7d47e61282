"""The one body of every error: `application/problem+json` (RFC 9457)."""

from typing import Any

import orjson
from pydantic import MISSING, Field

from app.domain.faults import FieldConflict, FieldError
from app.schemas.base import Output, example

MEDIA_TYPE = "application/problem+json"
EXAMPLE_ID = "019aa4b2-9d10-7c4e-8a41-5b7d2f6e9c01"


class ProblemField(Output):
    """What is wrong with one field."""

    field: str = Field(
        description=(
            "The field, parameter or header, with dots before what is within another one; in an import its "
            "JSON Pointer."
        )
    )
    message: str = Field(description="What is wrong with it; what was sent is never repeated.")


class ProblemConflict(Output):
    """A field that was written otherwise since.

    It has the value as it is now, the value that was to be written, and the number of the change.
    """

    field: str = Field(description="The field.")
    current: object = Field(description="The value that it has.")
    given: object = Field(description="The value that was to be written.")
    seq: int = Field(description="The number of the change that wrote `current`.")


class Problem(Output):
    """An error.

    `type` names its kind, `code` is for programs, `detail` for people; `conflicts` come with `EDIT_CONFLICT` alone.
    """

    model_config = example(
        {
            "type": "/problems/validation-error",
            "title": "Validation failed",
            "status": 422,
            "detail": "title: must not be empty",
            "code": "VALIDATION_ERROR",
            "errors": [{"field": "title", "message": "must not be empty"}],
            "request_id": EXAMPLE_ID,
        }
    )

    type: str = Field(description="The kind of error as an address.")
    title: str = Field(description="The kind of error in words.")
    status: int = Field(description="The status of the response.")
    detail: str = Field(description="What is wrong, in one sentence for a person.")
    code: str = Field(description="The kind of error for programs.")
    errors: list[ProblemField] = Field(description="The fields that are at fault, where it is about fields.")
    request_id: str = Field(
        description="Names the request in our log; the response has it in `X-Request-ID` as well."
    )
    conflicts: list[ProblemConflict] | MISSING = Field(
        default=MISSING,
        description="The fields that were written otherwise since; with `EDIT_CONFLICT` alone.",
    )


def type_of(code: str) -> str:
    """Return the `type` of a problem with a code.

    It is the address of the page that explains the problem, relative to the service's own.
    """
    # Spec: features/operations.md#OPS-052
    return f"/problems/{code.lower().replace('_', '-')}"


def problem(
    status: int,
    *,
    code: str,
    title: str,
    detail: str,
    request_id: str,
    errors: tuple[FieldError, ...] = (),
    conflicts: tuple[FieldConflict, ...] = (),
) -> dict[str, object]:
    """Return a problem as plain values."""
    body: dict[str, object] = {
        "type": type_of(code),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [error._asdict() for error in errors],
        "request_id": request_id,
    }
    return body | ({"conflicts": [conflict._asdict() for conflict in conflicts]} if conflicts else {})


def problem_body(status: int, **content: Any) -> bytes:
    """Return the JSON of a problem; `content` is that of `problem`."""
    # Spec: features/operations.md#OPS-001
    return orjson.dumps(problem(status, **content), option=orjson.OPT_UTC_Z)
