"""What each code of a problem means and what to do about it, in one place. It answers nothing itself."""

from functools import cache
from typing import NamedTuple

from app.domain.refusals import refusals
from app.http.problems import status_of
from app.schemas.plain_problems import PLAIN
from app.schemas.problem import type_of


class Explanation(NamedTuple):
    """A kind of problem, as its page tells of it."""

    code: str
    title: str
    status: int
    meaning: str
    remedy: str


# By code: what it means, and what to do.
TEXTS: dict[str, tuple[str, str]] = {
    "UNAUTHENTICATED": (
        "The address needs a caller, and the request has no token.",
        (
            "Log in at `/auth/login`, or with the identity provider that is configured, and send the token "
            "as `Authorization: Bearer ...`."
        ),
    ),
    "INVALID_TOKEN": (
        "A token came, and it is not acceptable: it has expired, was altered, or was made by or for somebody else.",
        "Log in again for a new token; ours last 15 minutes. For a token of another issuer compare its `iss` "
        "and `aud` with the settings of the service, letter for letter: `localhost` and `127.0.0.1` are "
        "different. The service's log tells more.",
    ),
    "REFRESH_REUSED": (
        "The refresh token was used before, more than a minute ago. Whoever uses it now, or used it then, may have "
        "stolen it, so that the session has ended, with every token of it.",
        "Log in again. Keep the refresh token of the latest answer only, and refresh in one place at a time.",
    ),
    "WRONG_CREDENTIALS": (
        "The e-mail and the password do not belong together. Whether the e-mail is registered is not told.",
        "Check both, or register at `/auth/register`.",
    ),
    "FORBIDDEN": (
        "It is known who is calling, and that person may not do this.",
        "Call as somebody who may, or with a token that allows more.",
    ),
    "ACCOUNT_DISABLED": (
        "The credential is good, and an administrator has disabled the account that it is of.",
        "Ask whoever runs the service. Nothing of the account is lost.",
    ),
    "SCOPE_MISSING": (
        "It is known who is calling, and the token does not allow this operation. The header "
        "`WWW-Authenticate` names the scope that it lacks.",
        "Call with a token that has this scope: `tasks:read`, `tasks:write`, `account:read`, `account:write`, "
        "`users:read` or `users:write`.",
    ),
    "ROLE_MISSING": (
        "The operation is for administrators, and the caller is none, whatever the token allows.",
        "Call as an administrator. Whoever runs the service makes somebody one with `agendum admin grant EMAIL`.",
    ),
    "SIGN_IN_REQUIRED": (
        "The request came with a personal token, and no personal token may do this, whatever its scopes.",
        "Sign in, and send the access token that you get. A personal token may revoke itself and no other.",
    ),
    "FOREIGN_ORIGIN": (
        "The caller is known by a cookie alone, and the request would change something without coming from a "
        "page that may do that: its `Origin` is missing, or is not one that the service knows.",
        "Send a bearer token instead of the cookie; or name the page's origin in `CORS_ORIGINS`, exactly as the "
        "browser writes it, or serve page and API from one host.",
    ),
    "REGISTRATION_CLOSED": (
        "Nobody can register with this service by themselves.",
        "Ask whoever runs the service.",
    ),
    "INVITATION_REQUIRED": (
        "Registering with this service takes an invitation. None came, or one that was used, has expired, or is for "
        "another e-mail.",
        "Use the link in the mail of the invitation, or ask whoever runs the service for a new one.",
    ),
    "NOT_FOUND": (
        "There is nothing at this address, or what it names does not exist, is in the trash, or is somebody "
        "else's: these are never told apart.",
        "Check the path and the id. Addresses have no slash at the end. A deleted task is listed at `/api/trash`.",
    ),
    "CONFLICT": (
        "The request contradicts what is there.",
        "Read the current state, and decide again; the detail says what stands against it.",
    ),
    "ID_TAKEN": (
        "The id that was chosen belongs to something with other content already.",
        (
            "Choose a new random UUID for a new thing. To change the one that is there, use `PUT` or `PATCH` "
            "at its address."
        ),
    ),
    "EMAIL_TAKEN": (
        "Somebody has registered with this e-mail, in whatever letter case.",
        "Log in instead, or register with another e-mail.",
    ),
    "NAME_TAKEN": (
        "Another category, tag or saved filter of yours has this name; letter case does not matter.",
        "Use the one that is there, or choose another name.",
    ),
    "NO_ROOM": (
        "There is no room left between two neighbours in the manual order.",
        "Move one of the neighbours to another place first.",
    ),
    "EDIT_CONFLICT": (
        (
            "What is to be written has been written otherwise since it was read. `conflicts` names the "
            "fields, with both values."
        ),
        (
            "Show both values to the person or choose one, and send the change again with the current "
            "version in `If-Match`."
        ),
    ),
    "STILL_RUNNING": (
        "An earlier request with the same idempotency key, or another write of the same person, has not ended yet.",
        "Send the same request again in a moment, with the same key.",
    ),
    "OWN_ACCOUNT": (
        "An administrator may do this to every account but the own one.",
        "Ask another administrator.",
    ),
    "LAST_ADMINISTRATOR": (
        "Nobody would be left who is an administrator by the table of this service.",
        "Make somebody else an administrator first, with `agendum admin grant EMAIL`, and try again.",
    ),
    "VALIDATION_ERROR": (
        (
            "The request was understood, and breaks a rule. `errors` names each field, parameter or header "
            "that is at fault, with its rule."
        ),
        (
            "Correct what is named. The documentation page at `/docs` says what each operation takes; names "
            "that are not known are refused."
        ),
    ),
    "IDEMPOTENCY_KEY_REUSED": (
        "The `Idempotency-Key` was sent with another request before: another method, address or body.",
        "Make a new key for each request that is meant, and repeat a key only with the very same request.",
    ),
    "LINK_INVALID": (
        "The link, or the token in it, is not good: it was used, has expired, or a later mail has taken its place.",
        "Ask for a new mail, and use the link in the latest one.",
    ),
    "STALE": (
        (
            "It has changed since it was read: its version is none of those in `If-Match`. The answer's "
            "`ETag` has the current version."
        ),
        (
            "Read it again, decide again, and send the new version in `If-Match`; or send `Prefer: merge` "
            "with a partial update."
        ),
    ),
    "TOO_MANY_REQUESTS": (
        "The caller asks more often than is allowed.",
        "Wait as many seconds as `Retry-After` says, then go on more slowly.",
    ),
    "UNAVAILABLE": (
        "Something that the answer needs is away for the moment, most often the database.",
        "Send the request again after as many seconds as `Retry-After` says; writes with an `Idempotency-"
        "Key`, so that they are done once. Whoever runs the service finds the reason in its log and at "
        "`/health/ready`.",
    ),
    "MAIL_OFF": (
        "What was asked for takes a mail, and the service has no mail server.",
        "Ask whoever runs the service: `AGENDUM_SMTP_URL` names one.",
    ),
    "BUSY": (
        "Earlier requests of the same person are still running, and this one has waited long enough.",
        "Send it again after as many seconds as `Retry-After` says, and fewer at once.",
    ),
    "OUTCOME_UNKNOWN": (
        (
            "The connection to the database was lost while it was committing. Whether the write was done, "
            "nobody can tell at this moment."
        ),
        (
            "Send the same request again, with the same id or the same `Idempotency-Key`: it is done once, "
            "whatever happened. Without one of these, read first whether it was done."
        ),
    ),
    "ORIGIN_NOT_ALLOWED": (
        "A web page of another origin wanted to ask, and the service does not know that origin, or not the "
        "method or a header that it wanted to send; or a cookie came, and nothing tells that a page that may "
        "use it has sent it.",
        "Name the page's origin in the setting `CORS_ORIGINS`, exactly as the browser writes it: "
        "`http://localhost:3000` and `http://127.0.0.1:3000` are different, and there is no slash at the end."
        " The service's log names what was refused.",
    ),
    "MALFORMED_REQUEST": (
        "The request cannot be read: it is not valid HTTP, or its body is not valid JSON.",
        "Check the syntax of the body, such as quotes and commas, and that it is UTF-8.",
    ),
    "METHOD_NOT_ALLOWED": (
        "There is something at this address, and it does not take this method.",
        "The header `Allow` names the methods that it takes.",
    ),
    "REQUEST_TIMEOUT": (
        "The head of the request was not complete after 10 seconds, or its body stopped arriving: a sender has 10 "
        "seconds in hand, and each 64 KiB that arrive give one back.",
        "Send it again on a new connection; check the network, and that `Content-Length` is the true length of the "
        "body.",
    ),
    "BODY_TOO_LARGE": (
        (
            "The body is larger than this operation takes: 1 MiB, 16 KiB where nobody needs to be known, and "
            "nothing where it takes no body."
        ),
        "Send less at once, such as several smaller batches.",
    ),
    "UNSUPPORTED_MEDIA_TYPE": (
        "The body is not said to be JSON.",
        "Send the header `Content-Type: application/json`.",
    ),
    "DEADLINE_EXCEEDED": (
        "The service worked on this for 15 seconds and gave it up. Nothing of it was done.",
        "Send it again after as many seconds as `Retry-After` says, or ask for less at once.",
    ),
    "INTERNAL_ERROR": (
        "Something went wrong in the service that nobody foresaw.",
        "Tell whoever runs the service, with the `request_id`: the log names the cause. A write can be sent "
        "again with its `Idempotency-Key`.",
    ),
}


@cache
def explanations() -> dict[str, Explanation]:
    """Return every kind of problem that can be answered, by the last part of its `type`."""
    said = [_explain(refusal.code, refusal.title, status_of(refusal)) for refusal in refusals()]
    said += [_explain(code, title, status) for status, (code, title, _) in PLAIN.items()]
    found: dict[str, Explanation] = {}
    for kind in sorted(said, key=lambda kind: kind.status):
        found.setdefault(type_of(kind.code).rpartition("/")[2], kind)
    return found


def _explain(code: str, title: str, status: int) -> Explanation:
    return Explanation(code, title, status, *TEXTS[code])
