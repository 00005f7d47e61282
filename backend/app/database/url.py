"""Reads a database address as Neon, PgBouncer and libpq write it.

It opens nothing, and never weakens what the address asks for.
"""

import ssl
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlsplit

_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+asyncpg"})
_TLS_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_POOLER_SUFFIX = "-pooler"
_SYSTEM_ROOTS = "system"
_IGNORED = frozenset({"channel_binding", "application_name", "connect_timeout"})


class InvalidAddressError(ValueError):
    """The address cannot be used; the message never repeats it, because it holds a password."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is, and how to speak to it.

    `host` is a name, an address or a folder that holds a socket; `pooled` says that a transaction pooler stands in
    between, so that no statement may be kept on a server connection.
    """

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    database: str
    tls_mode: str
    root_certificate: str | None
    pooled: bool

    def direct(self) -> "Address":
        """Return the address that leads past Neon's pooler, for migrations; any other address stays as it is."""
        # Spec: features/operations.md#OPS-020
        name, dot, domain = self.host.partition(".")
        if not name.endswith(_POOLER_SUFFIX):
            return self
        return replace(self, host=name.removesuffix(_POOLER_SUFFIX) + dot + domain, pooled=False)

    def connect_arguments(self) -> dict[str, object]:
        """Return what `asyncpg.connect` takes."""
        arguments: dict[str, object] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "ssl": self._tls(),
        }
        # Spec: features/operations.md#OPS-014
        return arguments | ({"statement_cache_size": 0} if self.pooled else {})

    def _tls(self) -> ssl.SSLContext | str | bool:
        if self.host.startswith("/") or self.tls_mode == "disable":
            return False
        # As with libpq, a root certificate turns "require" into "verify-ca".
        requires_root = self.tls_mode == "require" and self.root_certificate
        if self.tls_mode not in ("verify-ca", "verify-full") and not requires_root:
            return self.tls_mode
        context = ssl.create_default_context(cafile=self.root_certificate)
        context.check_hostname = self.tls_mode == "verify-full"
        return context


def read_address(url: str) -> Address:
    """Read a database URL.

    Args:
        url: `postgresql://user:password@host:port/database`, with `sslmode`, `sslrootcert`, `channel_binding` and
            `pgbouncer` as options; `host` as an option names a folder that holds a socket.

    Raises:
        InvalidAddressError: It is not such a URL, or asks for something that cannot be kept.
    """
    # Spec: features/operations.md#OPS-013
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidAddressError("DATABASE_URL is not a URL") from None
    if parts.scheme not in _SCHEMES:
        raise InvalidAddressError("DATABASE_URL must begin with postgresql://")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    certificate = options.pop("sslrootcert", "")
    address = Address(
        host=options.pop("host", "") or unquote(parts.hostname or "") or "localhost",
        port=port or 5432,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        database=unquote(parts.path.removeprefix("/")) or "postgres",
        tls_mode=_tls_mode(options.pop("sslmode", "") or options.pop("ssl", ""), certificate),
        root_certificate=None if certificate in ("", _SYSTEM_ROOTS) else certificate,
        pooled=options.pop("pgbouncer", "false") == "true",
    )
    _refuse_unknown(address, options)
    return replace(address, pooled=address.pooled or address.host.partition(".")[0].endswith(_POOLER_SUFFIX))


def _tls_mode(stated: str, certificate: str) -> str:
    """Return the TLS mode that an address asks for.

    As with libpq, the system's roots are trusted for a name that is checked, and for nothing weaker.
    """
    if certificate != _SYSTEM_ROOTS:
        return stated or "prefer"
    if stated not in ("", "verify-full"):
        raise InvalidAddressError("DATABASE_URL has sslrootcert=system, which needs sslmode=verify-full")
    return "verify-full"


def _refuse_unknown(address: Address, options: dict[str, str]) -> None:
    if address.tls_mode not in _TLS_MODES:
        raise InvalidAddressError("DATABASE_URL has an unknown sslmode")
    if unknown := sorted(set(options) - _IGNORED):
        raise InvalidAddressError(f"DATABASE_URL has options that are not known here: {', '.join(unknown)}")
