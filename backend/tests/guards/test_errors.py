"""Every kind of refusal has its row in the table of the HTTP door, and the codes that programs rely on never change."""

from collections.abc import Iterable

import pytest

from app.domain import account_errors, errors
from app.domain.errors import AgendumError, Conflict
from app.domain.refusals import refusals
from app.http.problems import STATUS, status_of
from app.schemas.plain_problems import PLAIN

CODES = {
    "Unauthenticated": "UNAUTHENTICATED",
    "TokenInvalid": "INVALID_TOKEN",
    "WrongCredentials": "WRONG_CREDENTIALS",
    "Forbidden": "FORBIDDEN",
    "ForeignOrigin": "FOREIGN_ORIGIN",
    "AccountDisabled": "ACCOUNT_DISABLED",
    "RefreshReused": "REFRESH_REUSED",
    "ScopeMissing": "SCOPE_MISSING",
    "SignInRequired": "SIGN_IN_REQUIRED",
    "RoleMissing": "ROLE_MISSING",
    "OwnAccount": "OWN_ACCOUNT",
    "LastAdministrator": "LAST_ADMINISTRATOR",
    "RegistrationClosed": "REGISTRATION_CLOSED",
    "InvitationRequired": "INVITATION_REQUIRED",
    "NotFound": "NOT_FOUND",
    "Conflict": "CONFLICT",
    "IdTaken": "ID_TAKEN",
    "EmailTaken": "EMAIL_TAKEN",
    "NameTaken": "NAME_TAKEN",
    "NoRoom": "NO_ROOM",
    "EditConflict": "EDIT_CONFLICT",
    "StillRunning": "STILL_RUNNING",
    "Invalid": "VALIDATION_ERROR",
    "KeyReused": "IDEMPOTENCY_KEY_REUSED",
    "LinkInvalid": "LINK_INVALID",
    "Stale": "STALE",
    "TooMany": "TOO_MANY_REQUESTS",
    "Unavailable": "UNAVAILABLE",
    "MailOff": "MAIL_OFF",
    "Busy": "BUSY",
    "OutcomeUnknown": "OUTCOME_UNKNOWN",
}
PLAIN_CODES = {
    400: "MALFORMED_REQUEST",
    403: "ORIGIN_NOT_ALLOWED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    500: "INTERNAL_ERROR",
    503: "DEADLINE_EXCEEDED",
}
REFUSALS = refusals()
# The first level of the taxonomy; what stands under one of them answers as it does.
KINDS = [kind for kind in REFUSALS if AgendumError in kind.__bases__]


def kinds_without_a_row(kinds: Iterable[type[AgendumError]]) -> list[str]:
    """Name the kinds that the HTTP door has no status for."""
    return [kind.__name__ for kind in kinds if kind not in STATUS]


def shared_codes(kinds: Iterable[type[AgendumError]]) -> list[str]:
    """Name the codes that more than one refusal has."""
    codes = [kind.code for kind in kinds]
    return sorted({code for code in codes if codes.count(code) > 1})


@pytest.mark.spec("OPS-001")
def test_every_kind_has_a_row_in_the_table_of_http() -> None:
    assert kinds_without_a_row(KINDS) == []
    assert STATUS.keys() == set(KINDS)


@pytest.mark.spec("OPS-001")
def test_every_code_is_what_it_always_was_and_no_others() -> None:
    assert {refusal.__name__: refusal.code for refusal in REFUSALS} == CODES
    assert shared_codes(REFUSALS) == []


@pytest.mark.parametrize("refusal", REFUSALS)
def test_every_refusal_resolves_to_one_error_status_and_has_a_title(refusal: type[AgendumError]) -> None:
    assert 400 <= status_of(refusal) < 600
    assert refusal.title


def test_every_kind_of_http_has_a_status_of_its_own() -> None:
    assert len(set(STATUS.values())) == len(STATUS)


def test_what_is_said_of_a_status_alone_agrees_with_the_taxonomy() -> None:
    assert {status: code for status, (code, _title, _detail) in PLAIN.items()} == PLAIN_CODES
    titles = {(refusal.code, refusal.title) for refusal in REFUSALS} | {row[:2] for row in PLAIN.values()}
    assert len({code for code, _title in titles}) == len(titles)


def test_a_kind_without_a_row_is_seen() -> None:
    class Surprise(AgendumError):
        code, title = "SURPRISE", "Surprise"

    assert kinds_without_a_row([*KINDS, Surprise]) == ["Surprise"]
    with pytest.raises(StopIteration):
        status_of(Surprise)


def test_a_code_that_two_refusals_share_is_seen() -> None:
    class Doubled(Conflict):
        """It forgot to say its own code."""

    assert shared_codes([*REFUSALS, Doubled]) == ["CONFLICT"]


def test_the_drawing_at_the_top_shows_every_refusal_below_its_kind() -> None:
    below = {
        kind: ", ".join(refusal.__name__ for refusal in REFUSALS if kind in refusal.__mro__[1:])
        for kind in KINDS
    }
    drawing = ", ".join(kind.__name__ + (f" ({names})" if names else "") for kind, names in below.items())
    assert f" of each: {drawing}. " in " ".join((AgendumError.__doc__ or "").split())


def test_no_refusal_hides_in_another_module() -> None:
    def below(kind: type[AgendumError]) -> set[str]:
        return {
            kind.__module__ for kind in kind.__subclasses__() if kind.__module__.startswith("app.")
        }.union(*(below(part) for part in kind.__subclasses__()))

    assert below(AgendumError) == {errors.__name__, account_errors.__name__}
