"""The problems of statuses that nobody has more to say about, and so of everything that fails outside of the routes."""

from http import HTTPStatus

from app.schemas.problem import problem_body

# By status: code, title and detail.
PLAIN: dict[int, tuple[str, str, str]] = {
    400: ("MALFORMED_REQUEST", "Malformed request", "The request cannot be read."),
    403: (
        "ORIGIN_NOT_ALLOWED",
        "Origin not allowed",
        "A page of this origin may not ask this; the log says what was refused.",
    ),
    404: ("NOT_FOUND", "Not found", "There is nothing at this address."),
    405: ("METHOD_NOT_ALLOWED", "Method not allowed", "This address does not take this method."),
    408: ("REQUEST_TIMEOUT", "Request timeout", "The request did not arrive in time."),
    413: ("BODY_TOO_LARGE", "Body too large", "The body is larger than this operation takes."),
    415: (
        "UNSUPPORTED_MEDIA_TYPE",
        "Unsupported media type",
        "The body must be JSON, with a JSON content type.",
    ),
    500: (
        "INTERNAL_ERROR",
        "Internal error",
        "Something went wrong on our side; the request id helps to find it.",
    ),
    503: (
        "DEADLINE_EXCEEDED",
        "Took too long",
        "This took too long and was given up, so that nothing was done; please try again shortly.",
    ),
}


def plain_problem(status: int, request_id: str, *, detail: str | None = None) -> bytes:
    """Return the problem body of a status that nobody has more to say about, but for a detail of its own."""
    # Spec: features/operations.md#OPS-001
    code, title, usual = plain_words(status)
    return problem_body(status, code=code, title=title, detail=detail or usual, request_id=request_id)


def plain_words(status: int) -> tuple[str, str, str]:
    """Return code, title and detail of a status: ours, or else its name in HTTP under the code of its class."""
    # Spec: features/spec-driven.md#SPEC-014
    if status in PLAIN:
        return PLAIN[status]
    name = HTTPStatus(status).phrase
    return PLAIN[400 if status < 500 else 500][0], name, f"{name}."
