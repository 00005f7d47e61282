"""Field types that wire shapes share, with the rule of each.

They say what a value must be; tables repeat what matters as constraints.
"""

import datetime
import re
import unicodedata
from datetime import UTC
from typing import Annotated
from uuid import UUID

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, Field, Strict, StringConstraints, WithJsonSchema

from app.domain.callers import Scope
from app.domain.due import known_zone, plausible_date, whole_second
from app.domain.emails import email_address, given_email
from app.domain.languages import LONGEST as LONGEST_LANGUAGE_TAG
from app.domain.languages import language_tag
from app.domain.text import one_line, shows, storable

TITLE_LENGTH = 500
DESCRIPTION_LENGTH = 10_000
NAME_LENGTH = 200
FOLDED_LENGTH = 500
COMMENT_LENGTH = 10_000
# In bytes an address may have no more (RFC 5321, section 4.5.3.1.3), and once it was taken with a name around it.
EMAIL_LENGTH = 254
GIVEN_EMAIL_LENGTH = 2048
PASSWORD_LENGTH, GIVEN_PASSWORD_LENGTH = (12, 128), 256
# Of one task, and of one question to the task list.
MOST_TAGS, MOST_NAMED_TAGS = 100, 10
LARGEST_NUMBER = 2**63 - 1

# Pydantic would also read seconds since 1970 as a date, cut the time off a moment, and cut a time off after six digits.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
# As RFC 3339 writes it; a plus sign that was not encoded arrives as a space.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)([Zz]|[+ -][0-9]{2}:[0-9]{2})"
)


def _written_date(value: object) -> object:
    # Spec: features/tasks.md#TASK-004
    if type(value) is datetime.date or (isinstance(value, str) and _DATE.fullmatch(value)):
        return value
    raise ValueError("must be a date such as 2026-12-01")


def _moment(value: object) -> datetime.datetime:
    match = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    try:
        moment = datetime.datetime.fromisoformat(
            match[1] + match[2].upper().replace(" ", "+") if match else ""
        )
    except ValueError:
        raise ValueError("must be a moment with an offset from UTC, such as 2026-12-01T09:00:00Z") from None
    plausible_date(moment.date())
    return moment.astimezone(UTC)


def _distinct(ids: list[UUID]) -> list[UUID]:
    return sorted(set(ids))


def _written_time(value: object) -> object:
    # Spec: features/tasks.md#TASK-004
    if isinstance(value, datetime.time) or (isinstance(value, str) and _TIME.fullmatch(value)):
        return value
    raise ValueError("must be a time such as 09:00")


def folded(name: str) -> str:
    """Return the name of a tag without regard to letter case and to how a character is written.

    Tags whose names fold to the same text are the same.
    """
    # Spec: features/tags.md#TAG-003
    return unicodedata.normalize("NFKC", name).casefold()


def _tag_name(name: str) -> str:
    """Refuse a name that a filter of the task list or the index of names could not hold.

    The filter could not tell it from several names or from an id; the index could not hold what it folds to.
    """
    # Spec: features/tags.md#TAG-002
    if "," in name:
        raise ValueError("must not contain a comma")
    if _is_id(name):
        raise ValueError("must not look like a UUID")
    if len(folded(name)) > FOLDED_LENGTH:
        raise ValueError("must be shorter in plain letters")
    return name


def _is_id(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _not_blank(text: str) -> str:
    # Spec: features/comments.md#COMMENT-002
    if not shows(text):
        raise ValueError("must not be empty")
    return text


def _each_once(scopes: list[Scope]) -> list[Scope]:
    # Spec: features/personal-tokens.md#TOKEN-002
    if len({*scopes}) < len(scopes):
        raise ValueError("must have each scope once")
    return [scope for scope in Scope if scope in scopes]


# The limits of length come first, so that no rule is asked about a megabyte of text.
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_LENGTH), AfterValidator(one_line)]
Description = Annotated[str, StringConstraints(max_length=DESCRIPTION_LENGTH), AfterValidator(storable)]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), AfterValidator(one_line)]
# The name of a category, a tag or a saved filter.
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH), AfterValidator(one_line)]
TagName = Annotated[Name, AfterValidator(_tag_name)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
CommentBody = Annotated[
    str,
    StringConstraints(min_length=1, max_length=COMMENT_LENGTH),
    AfterValidator(storable),
    AfterValidator(_not_blank),
]
# A set: order and repetition mean nothing.
TagIds = Annotated[list[UUID], Len(0, MOST_TAGS), AfterValidator(_distinct)]
# A set, in the order in which scopes are told.
Scopes = Annotated[
    list[Scope],
    Len(1, len(Scope)),
    AfterValidator(_each_once),
    Field(json_schema_extra={"uniqueItems": True}),
]
Email = Annotated[
    str,
    StringConstraints(max_length=EMAIL_LENGTH),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "email"}),
]
# What somebody claims to be registered with: no rule of today may keep an e-mail of yesterday from being tried.
GivenEmail = Annotated[
    str,
    StringConstraints(max_length=GIVEN_EMAIL_LENGTH),
    AfterValidator(given_email),
    Field(json_schema_extra={"format": "email"}),
]
# Spec: features/users.md#USER-020
Password = Annotated[str, Len(*PASSWORD_LENGTH)]
# What somebody claims to be a password: no rule of today may keep a password of yesterday from being tried.
GivenPassword = Annotated[str, Len(1, GIVEN_PASSWORD_LENGTH)]
# A longer text is no token that was ever mailed, and is told to be none like any other.
MailedToken = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Flag = Annotated[bool, Strict()]
DueDate = Annotated[datetime.date, BeforeValidator(_written_date), AfterValidator(plausible_date)]
# The format "time" of JSON Schema demands an offset from UTC, and a wall clock has none.
WallClock = Annotated[
    datetime.time,
    WithJsonSchema({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}),
]
DueTime = Annotated[WallClock, BeforeValidator(_written_time), AfterValidator(whole_second)]
ZoneName = Annotated[str, AfterValidator(known_zone)]
Moment = Annotated[datetime.datetime, BeforeValidator(_moment, json_schema_input_type=datetime.datetime)]
Language = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_LANGUAGE_TAG), AfterValidator(language_tag)
]
