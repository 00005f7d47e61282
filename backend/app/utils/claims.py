"""What a token says, and the rules of what it must say (RFC 7519, section 4.1). It verifies no signature."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.errors import InvalidClaimError
from joserfc.jwt import ClaimsOption, JWTClaimsRegistry

MAX_SUBJECT_LENGTH = 255

_LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; `expires_at` is aware, in UTC."""

    issuer: str
    subject: str
    expires_at: datetime
    content: Mapping[str, object]


class ClaimRules(JWTClaimsRegistry):
    """The library's rules at one moment, with bounds for what they leave open; its errors hold nothing of the token.

    Args:
        now: The moment, aware.
        issuer: The exact `iss`.
        audience: What `aud` must be or contain; None: the token must have none (RFC 7519, section 4.1.3).
        leeway: How far the issuer's clock may be off.
        required: What must be there beside `iss`, `sub`, `exp` and an expected `aud`.
    """

    def __init__(
        self,
        now: datetime,
        *,
        issuer: str,
        audience: str | None,
        leeway: timedelta,
        required: tuple[str, ...] = (),
    ) -> None:
        options = {name: ClaimsOption(essential=True) for name in ("sub", "exp", *required)}
        options["iss"] = ClaimsOption(essential=True, value=issuer)
        if audience is not None:
            options["aud"] = ClaimsOption(essential=True, value=audience)
        super().__init__(int(now.timestamp()), int(leeway.total_seconds()), **options)
        self._audience = audience

    def validate_aud(self, value: object) -> None:
        """Refuse an audience without ours, and any where none is expected."""
        if self._audience not in (value if isinstance(value, list) else [value]):
            raise InvalidClaimError("aud", f"The audience is not {self._audience or 'absent'}")
        super().validate_aud(value)

    def check_value(self, claim_name: str, value: Any) -> None:
        """Refuse what is out of bounds; the library comes here when it knows the type of the value."""
        super().check_value(claim_name, value)
        if claim_name in ("exp", "iat", "nbf") and not 0 <= value <= _LATEST:
            raise InvalidClaimError(claim_name)
        if claim_name == "sub" and (len(value) > MAX_SUBJECT_LENGTH or _UNPRINTABLE.search(value)):
            raise InvalidClaimError(claim_name)


def find_claim(content: Mapping[str, object], name: str) -> object:
    """Return the claim of a name, or None: a name with dots is first a whole name, then a way through objects."""
    # Spec: features/administration.md#ADMIN-003
    if name in content:
        return content[name]
    found: object = content
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found
