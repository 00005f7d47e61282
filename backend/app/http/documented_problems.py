"""What an operation may be refused with, as the OpenAPI document says it.

How a refusal is answered is said in `problems.py`.
"""

from typing import Any, TypeAlias

from app.dependencies.bodies import BodyRefused, BodyTimeout, BodyTooLarge, MalformedBody, UnsupportedBody
from app.domain.account_errors import (
    EmailTaken,
    ForeignOrigin,
    InvitationRequired,
    LastAdministrator,
    LinkInvalid,
    MailOff,
    OwnAccount,
    RefreshReused,
    RegistrationClosed,
    RoleMissing,
    SignInRequired,
    WrongCredentials,
)
from app.domain.errors import (
    AgendumError,
    EditConflict,
    Forbidden,
    IdTaken,
    Invalid,
    NameTaken,
    NoRoom,
    NotFound,
    OutcomeUnknown,
    ScopeMissing,
    Stale,
    StillRunning,
    TokenInvalid,
    TooMany,
    Unavailable,
)
from app.domain.faults import FieldConflict, FieldError
from app.http.problems import HEADERS, status_of
from app.schemas.plain_problems import PLAIN
from app.schemas.problem import EXAMPLE_ID, MEDIA_TYPE, Problem, problem

Refusal: TypeAlias = type[AgendumError] | type[BodyRefused]
Responses: TypeAlias = dict[int | str, dict[str, Any]]
Example: TypeAlias = dict[str, object]

_HEADER_TEXTS = {
    "ETag": "The entity tag of the current representation.",
    "Retry-After": "After how many seconds to ask again.",
    "WWW-Authenticate": "How to authenticate.",
}
# The detail that shows a refusal in the document.
_EXAMPLES: dict[type[AgendumError], str] = {
    TokenInvalid: "The bearer token is not acceptable.",
    RefreshReused: "The refresh token was used before; the session has ended.",
    ForeignOrigin: "A page of this origin may not use the cookie.",
    Forbidden: "This account has no password with us.",
    SignInRequired: "No personal token may do this; sign in to do it.",
    WrongCredentials: "The e-mail or the password is wrong.",
    ScopeMissing: "The credential does not have the scope tasks:write.",
    RoleMissing: "Only somebody with the role admin may do this.",
    RegistrationClosed: "Nobody can register here.",
    InvitationRequired: "Registering takes an invitation that is good for this e-mail.",
    LinkInvalid: "The link is not good any more; please ask for a new mail.",
    MailOff: "This service sends no mail: whoever runs it has not named a mail server.",
    NotFound: "There is no such task.",
    IdTaken: "The id belongs to a task with other content.",
    EmailTaken: "Somebody has registered with this e-mail.",
    NameTaken: "There is a category of this name.",
    NoRoom: "There is no room left at this place; move another task there first.",
    EditConflict: "It was changed otherwise since: title.",
    StillRunning: "An earlier request has not ended yet; please send this one again shortly.",
    OwnAccount: "An administrator cannot do this to the own account.",
    LastAdministrator: "There would be no administrator left; make somebody else one first.",
    Stale: "It has changed since you read it.",
    Invalid: "title: must not be empty",
    TooMany: "Too many requests; please wait as long as Retry-After says.",
    Unavailable: "The database is not answering; please try again shortly.",
    OutcomeUnknown: (
        "Whether this was done is not known; please send it again, with the same id or Idempotency-Key, so "
        "that it is done once."
    ),
}
# What every operation of a known caller may be refused with; and then what a body may, every write may, and
# every write of something that is there. A write that takes no body refuses any.
READ = (TokenInvalid, ScopeMissing, Unavailable)
BODY = (MalformedBody, BodyTimeout, BodyTooLarge, UnsupportedBody, Invalid)
WRITE = (*READ, BodyTimeout, BodyTooLarge, StillRunning, OutcomeUnknown)
CHANGE = (*WRITE, NotFound, Stale)
_LOCATION = {
    "description": "Where it can be read.",
    "required": True,
    "schema": {"type": "string", "format": "uri-reference"},
}


def documented(*refusals: Refusal) -> Responses:
    """Return the `responses` of an operation for the OpenAPI document, each with an example; 500 is always among them.

    Args:
        refusals: What the operation may be refused with. Of those with one status the last is shown.
    """
    examples = dict([_plain_example(500), *(_example(refusal) for refusal in refusals)])
    answers: Responses = {
        status: _documented(status, example) for status, example in sorted(examples.items())
    }
    # Of those with status 403, only a missing scope comes with a header.
    forbidden = {refusal for refusal in refusals if issubclass(refusal, Forbidden)}
    if forbidden and ScopeMissing not in forbidden:
        answers[403]["headers"].clear()
    for header in answers[403]["headers"].values() if len(forbidden) > 1 else ():
        header["required"] = False
    return answers


def documented_creation(*refusals: Refusal) -> Responses:
    """Return the `responses` of an operation that creates something from a body, and tells where that can be read."""
    return {**documented(*WRITE, *BODY, *refusals), 201: {"headers": {"Location": _LOCATION}}}


def _example(refusal: Refusal) -> tuple[int, Example]:
    """Return the status of a refusal with its example."""
    if issubclass(refusal, BodyRefused):
        return _plain_example(refusal.status)
    detail = _EXAMPLES[refusal]
    errors = (FieldError("title", "must not be empty"),) if refusal is Invalid else ()
    conflict = FieldConflict("title", "Pay rent by transfer", "Pay rent in cash", 2)
    conflicts = (conflict,) if refusal is EditConflict else ()
    status, words = status_of(refusal), {"code": refusal.code, "title": refusal.title, "detail": detail}
    return status, problem(status, **words, request_id=EXAMPLE_ID, errors=errors, conflicts=conflicts)


def _plain_example(status: int) -> tuple[int, Example]:
    """Return the example of a status that nobody has more to say about."""
    code, title, detail = PLAIN[status]
    return status, problem(status, code=code, title=title, detail=detail, request_id=EXAMPLE_ID)


def _documented(status: int, example: Example) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    headers = {
        name: {
            "description": _HEADER_TEXTS[name],
            "required": True,
            "schema": {"type": "integer" if value.isdecimal() else "string"},
        }
        for name, value in HEADERS.get(status, {}).items()
    }
    return {
        "description": example["title"],
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema, "example": example}},
    }
