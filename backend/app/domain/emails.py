"""E-mail addresses: which text is one, and when two are the same. Nothing is asked of a network."""

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

# Names of one's own machine and network (RFC 6761, 6762 and 8375). The validator refuses them, as mail to them does not
# travel, by a list that can only be changed for the whole process.
_OWN_NETWORK = re.compile(r"((?<=[@.])(localhost|home\.arpa)|(?<=\.)(test|local))\Z", re.IGNORECASE)


def email_address(text: str) -> str:
    """Return an address as it is kept.

    It is kept without white space around it and in NFC, with its domain in lower case and not in Punycode.

    A domain has at least two labels, or is `localhost`; an address has at most 254 bytes (RFC 5321, section 4.5.3.1.3).

    Raises:
        ValueError: It is not an address alone; the text does not repeat it.
    """
    # Spec: features/users.md#USER-007 features/users.md#USER-008
    text = text.strip()
    if text.endswith(">"):
        raise ValueError("must be the address alone, without a name or angle brackets")
    private = match[0] if (match := _OWN_NETWORK.search(text)) else ""
    # Checked with a public name of the same length in its place.
    public = "x." + "x" * (len(private) - 2) if private else ""
    try:
        checked = validate_email(text.removesuffix(private) + public, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("must be an e-mail address") from None
    return checked.removesuffix(public) + private.lower()


def given_email(text: str) -> str:
    """Return the address that a text means, in every form in which one could ever be registered.

    Registrations have taken addresses with a name, such as `Ada <ada@example.com>`, and kept the address.

    Raises:
        ValueError: It means none; the text does not repeat it.
    """
    # Spec: features/users.md#USER-009
    text = text.strip()
    return email_address(text[:-1].rpartition("<")[2] if text.endswith(">") else text)


def folded_email(email: str) -> str:
    """Return an address without regard to letter case and to how a character is written.

    Addresses that fold to the same text are the same.

    Each character becomes its lower-case letter where that is one character, whatever stands beside it. So U+0130, a
    capital I with a dot, which some rules take for an i, stays itself; and unlike `str.casefold`, "straße" is not
    "strasse".
    """
    # Spec: features/users.md#USER-010
    lowered = "".join(map(_lower, unicodedata.normalize("NFC", email)))
    # A letter may have a form in one character in lower case alone: U+01F0 for J with a caron.
    return unicodedata.normalize("NFC", lowered)


def _lower(character: str) -> str:
    return lowered if len(lowered := character.lower()) == 1 else character
