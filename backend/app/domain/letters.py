"""What mail says: a template for each occasion, filled with parameters. Nothing that somebody else chose can lead away.

It knows no address.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from string import Template
from typing import NamedTuple

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_LONGEST = 1000


class Occasion(StrEnum):
    """What a mail is about, as the queue names it."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 (the name of an occasion)
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (the name of an occasion)
    CONFIRM_NEW_EMAIL = "confirm_new_email"
    EMAIL_CHANGED = "email_changed"
    INVITATION = "invitation"


class Letter(NamedTuple):
    """What a mail says, in plain text."""

    subject: str
    text: str


class _Words(NamedTuple):
    subject: Template
    text: Template


# No name and no other text that a stranger may have typed stands in a mail to an address that is not proved to be that
# stranger's: anybody could have our server write it to anybody.
# Spec: features/mail.md#MAIL-006
_TEXTS: dict[Occasion, tuple[str, str]] = {
    Occasion.VERIFY_EMAIL: (
        "Confirm your e-mail address",
        "Somebody has registered with Agendum at $service and gave this e-mail address.\n\n"
        "If that was you, confirm the address here within 24 hours:\n\n$link\n\n"
        "If it was not, ignore this mail.\n",
    ),
    Occasion.RESET_PASSWORD: (
        "Choose a new password",
        "Somebody has asked for a new password for your account with Agendum at $service.\n\n"
        "If that was you, choose one here within 60 minutes:\n\n$link\n\n"
        "The link works once, and only the latest one does. If it was not you, ignore this mail: your password "
        "stays\nas it is.\n",
    ),
    Occasion.PASSWORD_CHANGED: (
        "Your password was changed",
        "The password of your account with Agendum at $service was changed just now, and everybody who was signed\n"
        "in to it is signed out.\n\n"
        "If that was not you, ask for a new password at once, and tell whoever runs the service.\n",
    ),
    Occasion.CONFIRM_NEW_EMAIL: (
        "Confirm your new e-mail address",
        "This e-mail address was given as the new one of an account with Agendum at $service.\n\n"
        "If that was you, confirm it here within 24 hours:\n\n$link\n\n"
        "Until then the account keeps the address that it has. If it was not you, ignore this mail.\n",
    ),
    Occasion.EMAIL_CHANGED: (
        "Your e-mail address was changed",
        "Your account with Agendum at $service has another e-mail address now; this one no longer belongs to it.\n\n"
        "If that was not you, tell whoever runs the service at once.\n",
    ),
    Occasion.INVITATION: (
        "You are invited to Agendum",
        "You are invited to an account with Agendum at $service.\n\n"
        "Register here within 7 days:\n\n$link\n\n"
        "The invitation works once. If you do not want it, ignore this mail.\n",
    ),
}
_WORDS = {occasion: _Words(*map(Template, texts)) for occasion, texts in _TEXTS.items()}


def write(occasion: Occasion, parameters: Mapping[str, str]) -> Letter:
    """Fill the template of an occasion.

    Parameters become one line each, whatever they hold, and are not looked at for further places.

    Raises:
        KeyError: A parameter is missing.
    """
    # Spec: features/mail.md#MAIL-005
    values = {name: _BREAKS.sub(" ", value)[:_LONGEST] for name, value in parameters.items()}
    words = _WORDS[occasion]
    return Letter(words.subject.substitute(values), words.text.substitute(values))
