"""Says in one sentence why a database cannot be used at the start.

It names the host, and never a password or a statement.
"""

import socket
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.database.url import Address

OLDEST = 15
_NO_TLS = "rejected SSL upgrade"  # As the driver says it.
_REFUSED = "Connect call failed"  # As asyncio says it of a name with several addresses.

# The first that fits; what the server or the network said stands in for {said}.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (socket.gaierror, "there is no host {host}, or its name cannot be looked up"),
    (ssl.SSLError, "the TLS of {place} cannot be trusted ({said})"),
    (TimeoutError, "{place} does not answer as PostgreSQL does"),
    ((ConnectionRefusedError, FileNotFoundError), "nobody listens at {place}"),
    (OSError, "{place} cannot be reached ({said})"),
    (asyncpg.InvalidPasswordError, "{place} does not know {login} by the password of DATABASE_URL"),
    (asyncpg.InvalidAuthorizationSpecificationError, "{place} does not let {login} in ({said})"),
    (asyncpg.InvalidCatalogNameError, "there is no database {database} at {place}"),
    (
        (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError),
        "the connection to {place} broke off ({said})",
    ),
    (asyncpg.PostgresError, "{place} refuses it ({said})"),
)
_NO_TLS_REASON = "{place} offers no TLS, which sslmode={mode} demands"
_OLD_REASON = "{place} runs PostgreSQL {said}, and {oldest} or newer is needed"
_ROLES_REASON = (
    "{login} of {place} can neither make the roles agendum_* nor become them: give it CREATEROLE, "
    "or make the roles and grant them to it, as docs/operations.md tells"
)
_RIGHTS_REASON = "{login} of {place} may not do what a migration does ({said})"


class OldServerError(Exception):
    """The server is of a version that is not supported; its text is that version."""


def reason(failure: BaseException, address: Address) -> str:
    """Tell why a database cannot be used.

    Args:
        failure: What the driver, the network or a migration raised.
        address: Where the database was looked for.

    Returns:
        One sentence without a full stop.
    """
    # Spec: features/operations.md#OPS-043
    direct = address.direct()
    cause = _cause(failure)
    is_socket = direct.host.startswith("/")
    return _template(failure, cause).format(
        place=f"the socket in {direct.host}" if is_socket else f"{direct.host}:{direct.port}",
        host=direct.host,
        login=f"the login {direct.user}" if direct.user else "the login",
        database=direct.database,
        mode=direct.tls_mode,
        oldest=OLDEST,
        said=_said(cause),
    )


def _cause(failure: BaseException) -> BaseException:
    """Return the driver's own error below those of SQLAlchemy."""
    below = failure.orig if isinstance(failure, DBAPIError) else None
    return failure if below is None else below.__cause__ or below


def _template(failure: BaseException, cause: BaseException) -> str:
    if isinstance(cause, OldServerError):
        return _OLD_REASON
    if isinstance(cause, asyncpg.InsufficientPrivilegeError):
        statement = (failure.statement or "") if isinstance(failure, DBAPIError) else ""
        makes_roles = "CREATE ROLE" in statement or "TO current_user" in statement
        return _ROLES_REASON if makes_roles else _RIGHTS_REASON
    if isinstance(cause, OSError) and _NO_TLS in str(cause):
        return _NO_TLS_REASON
    if isinstance(cause, OSError) and _REFUSED in str(cause):
        return "nobody listens at {place}"
    return next((template for kinds, template in _REASONS if isinstance(cause, kinds)), "{said}")


def _said(cause: BaseException) -> str:
    """Return what was said, on one line: of a certificate, why it was not believed."""
    said = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or str(cause)
    return next(iter(said.strip().splitlines()), "") or type(cause).__name__
