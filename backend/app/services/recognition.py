"""Who the bearer of a credential is: each kind of credential has its recogniser. It lets nobody in by a password."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.account_errors import AccountDisabled
from app.domain.callers import Caller, Credential, Role
from app.domain.errors import TokenInvalid, Unavailable
from app.domain.fields import NAME_LENGTH
from app.domain.text import one_line
from app.models.account import OWN_ISSUER, AccountRow, KnownPerson
from app.services import profile, sessions
from app.services.identity import Identity
from app.utils.claims import Claims, find_claim
from app.utils.jwks import KeysUnavailable
from app.utils.jwt import InvalidToken, TokenVerifiers

_EMAIL_LENGTH = 320
_GONE = "The person of this token is gone."
_ISSUER_AWAY = "The issuer of the token is not answering; please try again shortly."


class Recognised(NamedTuple):
    """Whom a credential means, and until when it is good by itself (aware, in UTC); None: until it is revoked."""

    caller: Caller
    until: datetime | None


class Welcome(Protocol):
    """What tells whether somebody may come in."""

    @property
    def disabled_at(self) -> datetime | None: ...  # noqa: D102 (told by the class)


class Recogniser(NamedTuple):
    """What knows the bearers of one kind of credential.

    Attributes:
        takes: Tells by its shape alone whether a credential is of this kind.
        recognise: Returns who brings it at a moment, or raises TokenInvalid, AccountDisabled or Unavailable.
    """

    takes: Callable[[str], bool]
    recognise: Callable[[str, datetime], Awaitable[Recognised]]


def signed_tokens(
    identity: Identity, verifiers: TokenVerifiers, *, role_claim: str | None = None
) -> Recogniser:
    """Return what knows the bearers of signed tokens, ours and those of other issuers; it takes everything.

    Args:
        identity: What it takes to know people.
        verifiers: What verifies the tokens, by their issuers.
        role_claim: The claim in which other issuers say who is an administrator; None: the table says it of their
            people as well.
    """

    async def recognise_bearer(token: str, now: datetime) -> Recognised:
        # Spec: features/auth.md#AUTH-014
        claims = await _verified(verifiers, token, now=now)
        person = await recognise(identity, claims, now=now)
        own = claims.issuer == OWN_ISSUER
        kind = Credential.ACCESS_TOKEN if own else Credential.ISSUER_TOKEN
        roles = roles_of(person) if own or role_claim is None else claimed_roles(claims, role_claim)
        caller = Caller(person.user_id, kind, roles=roles, credential_id=_session_of(claims))
        return Recognised(caller, claims.expires_at)

    return Recogniser(lambda _token: True, recognise_bearer)


async def recognise(identity: Identity, claims: Claims, *, now: datetime) -> KnownPerson:
    """Return the person whom a verified token means, with a new profile if another issuer's person is new to us.

    Raises:
        TokenInvalid: The token is our own and its person is gone, or it is older than the person lets tokens be.
        AccountDisabled: The person may not come in.
    """
    person = await _find_or_add(identity, claims, now=now)
    require_welcome(person)
    if not _is_valid(person, claims, now=now):
        raise TokenInvalid("The token has been revoked.")
    await _adopt(identity, claims, person, now=now)
    return person


def roles_of(person: KnownPerson) -> frozenset[Role]:
    """Return what somebody is by the table beyond being a person."""
    # Spec: features/administration.md#ADMIN-002
    return frozenset({Role.ADMIN}) if person.role == Role.ADMIN else frozenset()


def claimed_roles(claims: Claims, name: str) -> frozenset[Role]:
    """Return what the issuer of a verified token says that somebody is: the one value `admin`, alone or in a list."""
    # Spec: features/administration.md#ADMIN-003
    said = find_claim(claims.content, name)
    values = said if isinstance(said, list) else [said]
    return frozenset({Role.ADMIN}) if Role.ADMIN.value in values else frozenset()


def _is_valid(person: KnownPerson, claims: Claims, *, now: datetime) -> bool:
    """Tell whether nobody has revoked a token: ours is good as long as its session, one of an issuer by its age."""
    # Spec: features/auth.md#AUTH-017 features/sessions.md#SESSION-010
    valid_from = person.tokens_valid_from
    if claims.issuer != OWN_ISSUER:
        return valid_from is None or valid_from <= _issued_at(claims)
    begun, ends = person.session_created_at, person.session_expires_at
    if begun is None or ends is None:
        return False
    return sessions.is_living(begun, ends, valid_from=valid_from, now=now)


async def _adopt(identity: Identity, claims: Claims, person: KnownPerson, *, now: datetime) -> None:
    """Take over what a token says anew about its person, unless an older one says it."""
    # Spec: features/users.md#USER-057 features/users.md#USER-058
    said = {"name": _name(claims.content), "email": _email(claims.content)}
    news = {
        field: value
        for field, value in said.items()
        if value is not None and value != getattr(person, field) and field not in person.own_fields
    }
    if not news or claims.issuer == OWN_ISSUER or _issued_at(claims) < person.updated_at:
        return
    with suppress(Unavailable):  # It is not what the caller has come for, and the next token says it again.
        async with identity.open_own(person.user_id) as work:
            await profile.adopt(work, news, now=now)


def require_welcome(person: Welcome) -> None:
    """Refuse somebody whom an administrator has disabled.

    Raises:
        AccountDisabled: The person may not come in.
    """
    # Spec: features/auth.md#AUTH-016
    if person.disabled_at is not None:
        raise AccountDisabled("This account is disabled.")


async def _verified(verifiers: TokenVerifiers, token: str, *, now: datetime) -> Claims:
    # Spec: features/auth.md#AUTH-010
    try:
        return await verifiers.verify(token, now=now)
    except InvalidToken as error:
        raise TokenInvalid("The bearer token is not acceptable.") from error
    except KeysUnavailable as error:
        raise Unavailable(_ISSUER_AWAY) from error


async def _find_or_add(identity: Identity, claims: Claims, *, now: datetime) -> KnownPerson:
    # Spec: features/users.md#USER-005 features/users.md#USER-006
    issuer, subject = claims.issuer, claims.subject
    async with identity.open_directory() as directory:
        known = await directory.find(issuer=issuer, subject=subject, session_id=_session_of(claims))
    if known is not None:
        return known
    if claims.issuer == OWN_ISSUER:
        raise TokenInvalid(_GONE)
    account = AccountRow(str(uuid7()), _email(claims.content), _name(claims.content), now)
    async with identity.open_register() as directory:
        # Nothing comes back when a request beside this one was first; then that one's person is found.
        await directory.recognise(account, issuer=issuer, subject=subject)
        added = await directory.find(issuer=issuer, subject=subject)
    if added is None:
        raise TokenInvalid(_GONE)
    return added


def _session_of(claims: Claims) -> UUID | None:
    """Return the session that a token of ours is of; those of issuers have sessions elsewhere."""
    named = claims.content.get("sid")
    if claims.issuer != OWN_ISSUER or not isinstance(named, str):
        return None
    try:
        return UUID(named)
    except ValueError:
        return None


def _issued_at(claims: Claims) -> datetime:
    """Return when a token was issued, or the beginning of time when it does not say so."""
    issued = claims.content.get("iat", 0)
    return datetime.fromtimestamp(issued if isinstance(issued, int | float) else 0, UTC)


def _email(content: Mapping[str, object]) -> str | None:
    return _snapshot(content.get("email"), longest=_EMAIL_LENGTH)


def _name(content: Mapping[str, object]) -> str | None:
    return _snapshot(content.get("name"), longest=NAME_LENGTH)


def _snapshot(value: object, *, longest: int) -> str | None:
    """Return a text of a token that is for display alone, or None if it cannot be displayed."""
    if not isinstance(value, str) or len(value) > longest:
        return None
    try:
        return one_line(value)
    except ValueError:
        return None
