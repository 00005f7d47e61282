"""Logging in with a password. It hashes outside of transactions, and begins sessions by their own service."""

from datetime import datetime

from app.domain.account_errors import AccountDisabled, WrongCredentials
from app.models.account import LoginRow
from app.schemas.sign_in import Login
from app.services import failed_logins, sessions
from app.services.failed_logins import Attempt
from app.services.identity import Identity
from app.services.sessions import SignedIn, Visit


async def log_in(
    identity: Identity, body: Login, visit: Visit, *, attempt: Attempt, now: datetime
) -> SignedIn:
    """Begin a session of the person who knows this e-mail and password.

    Raises:
        WrongCredentials: They do not belong together; it is not told which is wrong.
        AccountDisabled: They do, and the person may not come in.
        TooMany: Too many attempts have failed.
    """
    # Spec: features/auth.md#AUTH-001 features/sessions.md#SESSION-009
    async with failed_logins.counted(attempt, email=body.email):
        login = await _verified(identity, body)
    if login.disabled_at is not None:
        raise AccountDisabled("This account is disabled.")
    return await sessions.start(identity, login, visit, now=now)


async def _verified(identity: Identity, body: Login) -> LoginRow:
    """Return who knows an e-mail and its password."""
    # Spec: features/auth.md#AUTH-002
    async with identity.open_directory() as directory:
        login = await directory.find_login(body.email)
    # Without a login a password is verified all the same, so that the time it takes tells nothing.
    is_right = await identity.passwords.verify(body.password, encoded=login and login.password_hash)
    if login is None or not is_right:
        raise WrongCredentials("The e-mail or the password is wrong.")
    return login
