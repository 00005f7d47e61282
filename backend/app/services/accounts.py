"""Who people are: registering, logging in, and recognising the bearer of a verified token.

It hashes outside of transactions.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from uuid_utils.compat import uuid7

from app.domain.errors import EmailTaken, TokenInvalid, WrongCredentials
from app.domain.fields import NAME_LENGTH
from app.domain.text import one_line
from app.models.account import OWN_ISSUER, AccountRow
from app.repositories.everybody import Directory
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.account import AccountCreate, Login, TokenType
from app.utils.claims import Claims
from app.utils.jwt import sign_token
from app.utils.passwords import Passwords

TOKEN_AUDIENCE, TOKEN_TYPE = "agendum", "at+jwt"
TOKEN_LIFE = timedelta(minutes=15)
_EMAIL_LENGTH = 320


@dataclass(frozen=True, slots=True)
class Identity:
    """What is needed to recognise people and to let them in.

    That is their directory, to look up or to add somebody, the hasher of passwords, and the signing secret.
    """

    open_directory: Callable[[], AbstractAsyncContextManager[Directory]]
    open_register: Callable[[], AbstractAsyncContextManager[Directory]]
    passwords: Passwords
    secret: str


class AccessToken(NamedTuple):
    """An access token, how it is sent, and for how many seconds it is good; with the names of OAuth 2.0 (RFC 6749)."""

    access_token: str
    token_type: TokenType
    expires_in: int


async def register(identity: Identity, body: AccountCreate, *, now: datetime) -> AccountRow:
    """Make a person of our own.

    Raises:
        EmailTaken: Somebody has registered with this e-mail.
    """
    # Spec: features/users.md#USER-001 features/users.md#USER-003
    password_hash = await identity.passwords.hash(body.password)
    account = AccountRow(user_id=str(uuid7()), email=body.email, name=body.name, created_at=now)
    async with identity.open_register() as directory:
        if (registered := await directory.register(account, password_hash=password_hash)) is None:
            raise EmailTaken("Somebody has registered with this e-mail.")
        return registered


async def log_in(identity: Identity, body: Login, *, now: datetime) -> AccessToken:
    """Give an access token to the person who knows this e-mail and password.

    Raises:
        WrongCredentials: They do not belong together; it is not told which is wrong.
    """
    # Spec: features/auth.md#AUTH-001 features/auth.md#AUTH-002
    async with identity.open_directory() as directory:
        login = await directory.find_login(body.email)
    # Without a login a password is verified all the same, so that the time it takes tells nothing.
    is_right = await identity.passwords.verify(body.password, encoded=login and login.password_hash)
    if login is None or not is_right:
        raise WrongCredentials("The e-mail or the password is wrong.")
    token = _access_token(identity, login.user_id, now=now)
    return AccessToken(token, TokenType.BEARER, int(TOKEN_LIFE.total_seconds()))


async def recognise(identity: Identity, claims: Claims, *, now: datetime) -> AccountRow:
    """Return the person whom a verified token means, with a new profile if another issuer's person is new to us.

    Raises:
        TokenInvalid: The token is our own and its person is gone.
    """
    # Spec: features/users.md#USER-005 features/users.md#USER-006
    who = {"issuer": claims.issuer, "subject": claims.subject}
    async with identity.open_directory() as directory:
        known = await directory.find(**who)
    if known is not None:
        return known
    if claims.issuer == OWN_ISSUER:
        raise TokenInvalid("The person of this token is gone.")
    account = AccountRow(str(uuid7()), _email(claims.content), _name(claims.content), now)
    async with identity.open_register() as directory:
        # Nothing comes back when a request beside this one was first; then that one's person is found.
        added = await directory.recognise(account, **who) or await directory.find(**who)
    if added is None:
        raise TokenInvalid("The person of this token is gone.")
    return added


async def profile(work: UnitOfWork) -> AccountRow:
    """Return the caller's own profile."""
    # Spec: features/users.md#USER-004
    return await work.profile.get()


def _access_token(identity: Identity, user_id: str, *, now: datetime) -> str:
    # Spec: features/auth.md#AUTH-004
    issued = int(now.timestamp())
    claims = {
        "iss": OWN_ISSUER,
        "aud": TOKEN_AUDIENCE,
        "sub": user_id,
        "iat": issued,
        "exp": issued + int(TOKEN_LIFE.total_seconds()),
    }
    return sign_token(identity.secret, claims=claims, token_type=TOKEN_TYPE)


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
