"""What lives as long as a process, below every door: database, identity, verifiers, callers, cursors, the clock.

A process without a web server starts from it as well, so that it must import no web framework.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from app.config import ConfigurationError, Settings, origin_of
from app.database.connection import Database
from app.database.url import InvalidAddressError, read_address
from app.domain.callers import Caller, Credential
from app.domain.errors import TokenInvalid, Unavailable
from app.models.account import OWN_ISSUER
from app.repositories.unit_of_work import identifying, registering
from app.services.accounts import TOKEN_AUDIENCE, TOKEN_TYPE, Identity, recognise
from app.utils.clock import Clock, utc_now
from app.utils.cursors import CursorSigner
from app.utils.expiring import ExpiringMemory
from app.utils.jwks import KeysUnavailable, RemoteKeySet
from app.utils.jwt import InvalidToken, KeySetVerifier, SecretVerifier, TokenVerifiers, Verifier
from app.utils.passwords import Passwords

REMEMBERED_CALLERS = 10_000
REMEMBERED_SECONDS = 60.0
_CLOCKS_MAY_DIFFER = timedelta(seconds=30)
_ISSUER_AWAY = "The issuer of the token is not answering; please try again shortly."
_SHARED_ISSUER = "AGENDUM_SHARED_SECRET_ISSUER must be neither agendum nor the origin of BETTER_AUTH_URL"


@dataclass(frozen=True, slots=True)
class Runtime(AbstractAsyncContextManager["Runtime"]):
    """The parts of a process; they are open while a block of `async with` lasts.

    Attributes:
        database: The pool of connections.
        identity: What it takes to know people.
        verifiers: What verifies bearer tokens, by their issuers.
        cursors: What signs the cursors of lists.
        client: What fetches the keys of another issuer.
        keys: The keys of another issuer, if one is configured.
        callers: Those whose tokens were verified lately, by the hash of the token.
        clock: What gives the moment, aware and in UTC.
    """

    database: Database
    identity: Identity
    verifiers: TokenVerifiers
    cursors: CursorSigner
    client: httpx2.AsyncClient
    keys: RemoteKeySet | None
    callers: ExpiringMemory[Caller] = field(default_factory=partial(ExpiringMemory, REMEMBERED_CALLERS))
    clock: Clock = utc_now

    async def __aenter__(self) -> Self:
        """Open the database."""
        await self.database.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the database, and stop fetching keys."""
        await self.database.close()
        if self.keys is not None:
            await self.keys.close()
        await self.client.aclose()

    async def recognise(self, token: str) -> Caller:
        """Return the caller whom a bearer token means; a verified one is remembered for a while.

        Raises:
            TokenInvalid: The token is not acceptable.
            Unavailable: Its issuer has never answered.
        """
        # Spec: features/auth.md#AUTH-015
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        return self.callers.recall(key) or await self._verify(token, key)

    async def _verify(self, token: str, key: bytes) -> Caller:
        # Spec: features/auth.md#AUTH-010 features/auth.md#AUTH-014
        moment = self.clock()
        try:
            claims = await self.verifiers.verify(token, now=moment)
        except InvalidToken as error:
            raise TokenInvalid("The bearer token is not acceptable.") from error
        except KeysUnavailable as error:
            raise Unavailable(_ISSUER_AWAY) from error
        person = await recognise(self.identity, claims, now=moment)
        own = claims.issuer == OWN_ISSUER
        caller = Caller(person.user_id, Credential.ACCESS_TOKEN if own else Credential.ISSUER_TOKEN)
        left = (claims.expires_at - moment).total_seconds()
        self.callers.keep(key, caller, seconds=min(left, REMEMBERED_SECONDS))
        return caller


def create_runtime(settings: Settings) -> Runtime:
    """Make the parts of a process, none of them open yet.

    Args:
        settings: With a database and a secret.

    Raises:
        ConfigurationError: They are missing, or contradict one another.
    """
    if settings.database_url is None or settings.secret is None:
        raise ConfigurationError("DATABASE_URL and BETTER_AUTH_SECRET are required")
    secret = settings.secret.get_secret_value()
    try:
        database = Database(read_address(settings.database_url.get_secret_value()), size=settings.pool_size)
    except InvalidAddressError as error:
        raise ConfigurationError(str(error)) from None
    client = httpx2.AsyncClient(follow_redirects=False, trust_env=False)
    keys = _better_auth_keys(settings, client)
    return Runtime(
        database=database,
        identity=identity_of(database, Passwords(), secret),
        verifiers=_verifiers(settings, secret, keys),
        cursors=CursorSigner(secret),
        client=client,
        keys=keys,
    )


def identity_of(database: Database, passwords: Passwords, secret: str) -> Identity:
    """Return what it takes to know the people of a database."""
    return Identity(partial(identifying, database), partial(registering, database), passwords, secret)


def _better_auth_keys(settings: Settings, client: httpx2.AsyncClient) -> RemoteKeySet | None:
    """Return the keys of Better Auth, which are below its base path: `/api/auth`, unless the URL has one."""
    url = settings.better_auth_url
    if url is None:
        return None
    return RemoteKeySet(f"{url}/jwks" if urlsplit(url).path else f"{url}/api/auth/jwks", client)


def _verifiers(settings: Settings, secret: str, keys: RemoteKeySet | None) -> TokenVerifiers:
    """Return one verifier for each issuer that is configured."""
    verifiers = [*_each_verifier(settings, secret, keys)]
    try:
        return TokenVerifiers(verifiers)
    except ValueError:
        raise ConfigurationError(_SHARED_ISSUER) from None


def _each_verifier(settings: Settings, secret: str, keys: RemoteKeySet | None) -> Iterator[Verifier]:
    # Spec: features/auth.md#AUTH-004 features/auth.md#AUTH-005 features/auth.md#AUTH-007
    yield SecretVerifier(secret, issuer=OWN_ISSUER, audience=TOKEN_AUDIENCE, token_type=TOKEN_TYPE)
    if keys is not None and settings.better_auth_url is not None:
        issuer = origin_of(settings.better_auth_url) or settings.better_auth_url
        audience = settings.better_auth_audience or issuer
        yield KeySetVerifier(keys, issuer=issuer, audience=audience, leeway=_CLOCKS_MAY_DIFFER)
    if settings.shared_secret_issuer is not None:
        yield SecretVerifier(
            secret,
            issuer=settings.shared_secret_issuer,
            audience=settings.shared_secret_audience,
            token_type=None,
            leeway=_CLOCKS_MAY_DIFFER,
        )
