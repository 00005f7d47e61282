"""The refusals of Agendum, by kind, without status or exit codes: each door has one table from kind to its dialect."""

from typing import ClassVar, Self

from app.domain.faults import FieldConflict, FieldError


class AgendumError(Exception):
    """A refusal that a person can be told about.

    Its kinds, and in brackets the refusals of each: Unauthenticated (TokenInvalid, AccountDisabled,
    RefreshReused, WrongCredentials), Forbidden (ScopeMissing, SignInRequired, ForeignOrigin, RoleMissing,
    RegistrationClosed, InvitationRequired), NotFound, Conflict (IdTaken, NameTaken, NoRoom, EditConflict,
    StillRunning, EmailTaken, OwnAccount, LastAdministrator), Invalid (KeyReused, LinkInvalid), Stale, TooMany,
    Unavailable (Busy, OutcomeUnknown, MailOff).

    Args:
        detail: One sentence for a person; it holds nothing secret and nothing of the input.
        errors: The fields that are at fault, where the refusal is about fields.
    """

    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors

    def retold(self, detail: str, *, errors: tuple[FieldError, ...]) -> Self:
        """Return the same refusal with another sentence and other places of its fields."""
        again = type(self).__new__(type(self), detail)
        vars(again).update(vars(self) | {"detail": detail, "errors": errors})
        return again


class Unauthenticated(AgendumError):
    """Nobody is known to be calling: the credential is missing or not acceptable."""

    code = "UNAUTHENTICATED"
    title = "Not authenticated"


class TokenInvalid(Unauthenticated):
    """The token is expired, altered, or not meant for us: a new one is needed."""

    code = "INVALID_TOKEN"


class Forbidden(AgendumError):
    """The caller is known, and may not do this."""

    code = "FORBIDDEN"
    title = "Not permitted"


class ScopeMissing(Forbidden):
    """The credential does not allow this; another one of the same person may.

    Args:
        detail: One sentence for a person.
        scope: What it would have to allow.
    """

    code = "SCOPE_MISSING"

    def __init__(self, detail: str, *, scope: str) -> None:
        super().__init__(detail)
        self.scope = scope


class NotFound(AgendumError):
    """There is no such thing, or it is somebody else's: the two are never told apart."""

    code = "NOT_FOUND"
    title = "Not found"


class Conflict(AgendumError):
    """The request contradicts what is there."""

    code = "CONFLICT"
    title = "Conflict"


class IdTaken(Conflict):
    """The chosen id already belongs to something with other content."""

    code = "ID_TAKEN"


class NameTaken(Conflict):
    """Something else of its kind, alive and of the same person, has this name."""

    code = "NAME_TAKEN"


class NoRoom(Conflict):
    """The place between two neighbours in the manual order is used up."""

    code = "NO_ROOM"


class EditConflict(Conflict):
    """What is to be written has been written otherwise since.

    Args:
        detail: One sentence for a person.
        conflicts: The fields, with both values; they are the person's own.
    """

    code = "EDIT_CONFLICT"

    def __init__(self, detail: str, *, conflicts: tuple[FieldConflict, ...] = ()) -> None:
        super().__init__(detail)
        self.conflicts = conflicts


class StillRunning(Conflict):
    """An earlier request with the same idempotency key, or another write before it, has not ended yet."""

    code = "STILL_RUNNING"


class Invalid(AgendumError):
    """The input breaks a rule of its fields."""

    code = "VALIDATION_ERROR"
    title = "Validation failed"


class Stale(AgendumError):
    """The caller's copy is older than the row.

    Args:
        detail: One sentence for a person.
        version: The version that the row has.
    """

    code = "STALE"
    title = "Precondition failed"

    def __init__(self, detail: str, *, version: int) -> None:
        super().__init__(detail)
        self.version = version


def invalid_field(field: str, message: str) -> Invalid:
    """Return the refusal of one field, a parameter or a header; the message never repeats the input."""
    return Invalid(f"{field}: {message}", errors=(FieldError(field, message),))


class KeyReused(Invalid):
    """The idempotency key belongs to another request."""

    code = "IDEMPOTENCY_KEY_REUSED"


class TooMany(AgendumError):
    """The caller asks more often than is allowed.

    Args:
        detail: One sentence for a person.
        limit: The name of what is used up.
        retry_after: After how many seconds asking again is right.
    """

    code = "TOO_MANY_REQUESTS"
    title = "Too many requests"

    def __init__(self, detail: str, *, limit: str, retry_after: int) -> None:
        super().__init__(detail)
        self.limit = limit
        self.retry_after = retry_after


class Unavailable(AgendumError):
    """Something that the answer needs is away; asking again shortly is right."""

    code = "UNAVAILABLE"
    title = "Temporarily unavailable"


class Busy(Unavailable):
    """The caller's earlier requests are still running."""

    code = "BUSY"


class OutcomeUnknown(Unavailable):
    """The connection to the database was lost while it was committing: whether the write was done is not known."""

    code = "OUTCOME_UNKNOWN"
