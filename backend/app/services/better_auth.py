"""Who the bearer of a session of Better Auth is, where its tables are in our database. It ends and extends none."""

import re
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

from app.config import ConfigurationError, Settings, origin_of
from app.database.connection import Database
from app.domain.account_errors import AccountDisabled
from app.domain.callers import Caller, Credential
from app.domain.errors import TokenInvalid, Unavailable
from app.repositories.better_auth import ForeignSession, SessionTables
from app.repositories.unit_of_work import looking_up_sessions
from app.services.identity import Identity
from app.services.recognition import Recognised, Recogniser, recognise, roles_of
from app.utils.claims import MAX_SUBJECT_LENGTH, Claims
from app.utils.jwt import InvalidToken
from app.utils.signed_values import is_signed_value, read_signed_value

# Better Auth's own form; a token of another form cannot be told from other credentials.
_RAW = re.compile(r"[A-Za-z0-9]{32}")
_REFUSED = "The session is not acceptable."


class SharedSessions(NamedTuple):
    """How sessions of Better Auth are known.

    Attributes:
        tables: Where they are.
        secrets: What may have signed their tokens.
        issuer: As its tokens name it, by which its people are found.
        cookie: The name of the session cookie, without `__Secure-`.
        origins: The origins of pages that may change something by a cookie.
        takes_raw_tokens: Whether a token without a signature is one.
        roles_are_ours: Whether our table says what its people are; otherwise a claim of its JWTs does.
    """

    tables: SessionTables
    secrets: tuple[str, ...]
    issuer: str
    cookie: str
    origins: frozenset[str]
    takes_raw_tokens: bool
    roles_are_ours: bool


def shared_sessions(settings: Settings) -> SharedSessions | None:
    """Return how sessions of Better Auth are known, or None where its tables are not shared.

    Raises:
        ConfigurationError: What it takes beside the tables is not set.
    """
    # Spec: features/better-auth.md#BETTER-001
    if settings.better_auth_database == "off":
        return None
    issuer = origin_of(settings.better_auth_url or "")
    if issuer is None or not settings.secrets:
        raise ConfigurationError("the sessions of Better Auth need BETTER_AUTH_URL and BETTER_AUTH_SECRET")
    return SharedSessions(
        SessionTables(settings.better_auth_schema, settings.better_auth_names),
        settings.secrets,
        issuer,
        settings.better_auth_cookie,
        frozenset({issuer, *settings.cors_origins}),
        settings.better_auth_raw_tokens,
        settings.role_claim is None,
    )


async def require_readable(database: Database, shared: SharedSessions) -> None:
    """Refuse tables that are not there, or may not be read.

    Args:
        database: Open for as long as it takes.
        shared: How sessions are known.

    Raises:
        ConfigurationError: The text names everything that is missing, and how to grant what is not granted.
    """
    # Spec: features/better-auth.md#BETTER-012
    async with looking_up_sessions(database, shared.tables) as sessions:
        faults = await sessions.faults()
    try:
        async with looking_up_sessions(database, shared.tables) as sessions:
            # Types that cannot be compared, and whatever else only a look-up shows.
            await sessions.find("")
    except Unavailable as refused:
        faults = faults or [str(refused.__cause__).partition("\n")[0]]
    if faults:
        listed = "\n  ".join(faults)
        raise ConfigurationError(f"the sessions of Better Auth cannot be read:\n  {listed}")


def session_tokens(identity: Identity, shared: SharedSessions, database: Database) -> Recogniser:
    """Return what knows the bearers of session tokens."""

    def takes(credential: str) -> bool:
        # Spec: features/better-auth.md#BETTER-002 features/better-auth.md#BETTER-003
        is_raw = shared.takes_raw_tokens and _RAW.fullmatch(credential) is not None
        return is_raw or is_signed_value(unquote(credential))

    async def recognise_token(credential: str, now: datetime) -> Recognised:
        token = credential if _RAW.fullmatch(credential) else _verified(unquote(credential), shared.secrets)
        claims = await _find(database, shared, token, now=now)
        return await _bearer(identity, shared, claims, kind=Credential.BETTER_AUTH_SESSION, now=now)

    return Recogniser(takes, recognise_token)


def session_cookies(identity: Identity, shared: SharedSessions, database: Database) -> Recogniser:
    """Return what knows the bearers of session cookies; it takes every cookie that has the name of one."""

    async def recognise_cookie(cookie: str, now: datetime) -> Recognised:
        token = _verified(unquote(cookie), shared.secrets)
        claims = await _find(database, shared, token, now=now)
        return await _bearer(identity, shared, claims, kind=Credential.SESSION_COOKIE, now=now)

    return Recogniser(lambda _cookie: True, recognise_cookie)


async def _bearer(
    identity: Identity, shared: SharedSessions, claims: Claims, *, kind: Credential, now: datetime
) -> Recognised:
    """Return whom a session means; our table says what the person is, unless a claim of the JWTs does."""
    # Spec: features/administration.md#ADMIN-002
    person = await recognise(identity, claims, now=now)
    roles = roles_of(person) if shared.roles_are_ours else frozenset()
    return Recognised(Caller(person.user_id, kind, roles=roles), claims.expires_at)


def _verified(signed: str, secrets: tuple[str, ...]) -> str:
    # Spec: features/better-auth.md#BETTER-002
    token = read_signed_value(signed, secrets)
    if token is None:
        raise TokenInvalid(_REFUSED) from InvalidToken("The session token is not signed by our secret")
    return token


async def _find(database: Database, shared: SharedSessions, token: str, *, now: datetime) -> Claims:
    """Return what a token of the same issuer would say of the person of a session that has not ended."""
    # Spec: features/better-auth.md#BETTER-004 features/better-auth.md#BETTER-006
    async with looking_up_sessions(database, shared.tables) as sessions:
        session = await sessions.find(token)
    if session is None:
        raise TokenInvalid(_REFUSED) from InvalidToken("There is no such session of Better Auth")
    if session.expires_at <= now:
        raise TokenInvalid(_REFUSED) from InvalidToken("The session of Better Auth has ended")
    if session.is_banned:
        raise AccountDisabled("This account is banned.")
    if not 0 < len(session.subject) <= MAX_SUBJECT_LENGTH:
        raise TokenInvalid(_REFUSED) from InvalidToken("The id of the session's user is too long")
    return _claims(session, shared.issuer)


def _claims(session: ForeignSession, issuer: str) -> Claims:
    # Spec: features/better-auth.md#BETTER-005
    content = {
        "name": session.name,
        "email": session.email,
        "emailVerified": session.email_verified,
        "iat": session.created_at.timestamp(),
    }
    return Claims(issuer, session.subject, session.expires_at, content)
