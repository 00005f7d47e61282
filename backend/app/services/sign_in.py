"""Logging in with a password, and the access token that it gives. It hashes outside of transactions."""

from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.errors import WrongCredentials
from app.models.account import OWN_ISSUER
from app.schemas.sign_in import Login, TokenType
from app.services import failed_logins
from app.services.identity import Identity
from app.utils.budgets import Budgets
from app.utils.jwt import sign_token

TOKEN_AUDIENCE, TOKEN_TYPE = "agendum", "at+jwt"
TOKEN_LIFE = timedelta(minutes=15)


class AccessToken(NamedTuple):
    """An access token, how it is sent, and for how many seconds it is good; with the names of OAuth 2.0 (RFC 6749)."""

    access_token: str
    token_type: TokenType
    expires_in: int


async def log_in(
    identity: Identity, body: Login, *, budgets: Budgets, address: str, now: datetime
) -> AccessToken:
    """Give an access token to the person who knows this e-mail and password.

    Raises:
        WrongCredentials: They do not belong together; it is not told which is wrong.
        TooMany: Too many attempts have failed.
    """
    # Spec: features/auth.md#AUTH-001
    async with failed_logins.counted(budgets, email=body.email, address=address):
        user_id = await _whose(identity, body)
    token = _access_token(identity, user_id, now=now)
    return AccessToken(token, TokenType.BEARER, int(TOKEN_LIFE.total_seconds()))


async def _whose(identity: Identity, body: Login) -> str:
    """Return who knows an e-mail and its password."""
    # Spec: features/auth.md#AUTH-002
    async with identity.open_directory() as directory:
        login = await directory.find_login(body.email)
    # Without a login a password is verified all the same, so that the time it takes tells nothing.
    is_right = await identity.passwords.verify(body.password, encoded=login and login.password_hash)
    if login is None or not is_right:
        raise WrongCredentials("The e-mail or the password is wrong.")
    return login.user_id


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
