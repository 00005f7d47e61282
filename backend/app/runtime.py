"""What lives as long as a process, below every door: database, identity, verifiers, callers, cursors, the clock.

A process without a web server starts from it as well, so that it must import no web framework.
"""

import hashlib
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from app.config import ConfigurationError, Registration, Settings
from app.database.connection import Database
from app.database.url import InvalidAddressError, read_address
from app.domain.callers import Caller
from app.domain.changes import Origin, Source
from app.repositories.unit_of_work import erasing, identifying, registering, writing
from app.services.better_auth import SharedSessions, session_cookies, session_tokens, shared_sessions
from app.services.identity import Identity
from app.services.mail_carriers import mailing_of
from app.services.mailing import Mailing
from app.services.recognition import Recogniser, signed_tokens
from app.services.registration import Terms
from app.services.token_recognition import personal_tokens
from app.services.verifiers import token_verifiers
from app.utils.addresses import Network
from app.utils.budgets import Budgets
from app.utils.clock import Clock, utc_now
from app.utils.cursors import CursorSigner
from app.utils.expiring import ExpiringMemory
from app.utils.jwks import RemoteKeySet
from app.utils.jwt import TokenVerifiers
from app.utils.metrics import Metrics
from app.utils.passwords import Passwords
from app.utils.window_storages import RedisWindows

REMEMBERED_CALLERS = 10_000
REMEMBERED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Runtime(AbstractAsyncContextManager["Runtime"]):
    """The parts of a process; they are open while a block of `async with` lasts.

    Attributes:
        database: The pool of connections.
        identity: What it takes to know people.
        verifiers: What verifies bearer tokens, by their issuers.
        cursors: What signs the cursors of lists.
        mailing: What it takes for mail to leave.
        registration: Who may register.
        client: What fetches the keys of another issuer.
        keys: The keys of another issuer, if one is configured.
        budgets: How often anybody may ask.
        trusted_proxies: The networks whose word about a client's address is believed.
        shared: How sessions of Better Auth are known, if its tables are in our database.
        callers: Those whose tokens were verified lately, by the hash of the token.
        clock: What gives the moment, aware and in UTC.
        metrics: What is counted and measured here.
        role_claim: The claim in which other issuers say who is an administrator, if one is configured.
    """

    database: Database
    identity: Identity
    verifiers: TokenVerifiers
    cursors: CursorSigner
    mailing: Mailing
    registration: Registration
    client: httpx2.AsyncClient
    keys: RemoteKeySet | None
    callers: ExpiringMemory[Caller]
    budgets: Budgets
    trusted_proxies: tuple[Network, ...] = ()
    shared: SharedSessions | None = None
    clock: Clock = utc_now
    metrics: Metrics = field(default_factory=Metrics)
    role_claim: str | None = None

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
        """Close the database and the budgets, and stop fetching keys."""
        await self.database.close()
        await self.budgets.close()
        if self.keys is not None:
            await self.keys.close()
        await self.client.aclose()

    async def recognise(self, credential: str) -> Caller:
        """Return the caller whom a bearer credential means; a recognised one is remembered for a while.

        Raises:
            TokenInvalid: The credential is not acceptable.
            AccountDisabled: Its person may not come in.
            Unavailable: Its issuer has never answered.
        """
        # Spec: features/auth.md#AUTH-015
        return await self._remembered(_hash(credential), credential, self.recognisers)

    async def recognise_cookie(self, cookie: str) -> Caller:
        """Return the caller whom a session cookie means, as `recognise` does.

        Raises:
            TokenInvalid: There is no such session, or it has ended.
            AccountDisabled: Its person may not come in.
            Unavailable: Sessions cannot be looked up.
        """
        # What is remembered of a cookie is never found by the same text as a bearer token, nor the other way round.
        return await self._remembered(b"cookie" + _hash(cookie), cookie, self.cookie_recognisers)

    async def _remembered(self, key: bytes, credential: str, known: tuple[Recogniser, ...]) -> Caller:
        return self.callers.recall(key) or await self._recognise(credential, key, known)

    async def _recognise(self, credential: str, key: bytes, recognisers: tuple[Recogniser, ...]) -> Caller:
        # Spec: features/auth.md#AUTH-010 features/auth.md#AUTH-018
        moment, forgotten = self.clock(), self.callers.forgotten
        known = next(known for known in recognisers if known.takes(credential))
        caller, until = await known.recognise(credential, moment)
        left = REMEMBERED_SECONDS if until is None else (until - moment).total_seconds()
        if self.callers.forgotten == forgotten:
            # Otherwise a credential ended meanwhile, which may be this one.
            self.callers.keep(key, caller, seconds=min(left, REMEMBERED_SECONDS))
        return caller

    @property
    def recognisers(self) -> tuple[Recogniser, ...]:
        """What knows the bearers of credentials, each of one kind; the last one takes what no other does."""
        own = personal_tokens(self.database)
        last = signed_tokens(self.identity, self.verifiers, role_claim=self.role_claim)
        if self.shared is None:
            return own, last
        return own, session_tokens(self.identity, self.shared, self.database), last

    @property
    def cookie_recognisers(self) -> tuple[Recogniser, ...]:
        """What knows the bearers of cookies, where there are any that are credentials."""
        return () if self.shared is None else (session_cookies(self.identity, self.shared, self.database),)

    @property
    def registering(self) -> Terms:
        """On which terms people register."""
        return Terms(self.registration, self.mailing, self.budgets)

    def forget(self, person_id: str) -> None:
        """Recognise a person anew at the next request, because a credential of theirs has ended."""
        self.identity.forget(person_id)


def _hash(credential: str) -> bytes:
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).digest()


def create_runtime(settings: Settings) -> Runtime:
    """Make the parts of a process, none of them open yet.

    Args:
        settings: With a database and a secret.

    Raises:
        ConfigurationError: They are missing, or contradict one another.
    """
    if settings.database_url is None or not settings.secrets:
        raise ConfigurationError("DATABASE_URL and BETTER_AUTH_SECRET are required")
    metrics = Metrics()
    try:
        address = read_address(settings.database_url.get_secret_value())
    except InvalidAddressError as error:
        raise ConfigurationError(str(error)) from None
    database = Database(address, size=settings.pool_size, metrics=metrics)
    client = httpx2.AsyncClient(follow_redirects=False, trust_env=False)
    keys = _better_auth_keys(settings, client, metrics)
    callers: ExpiringMemory[Caller] = ExpiringMemory(REMEMBERED_CALLERS)
    return Runtime(
        database=database,
        identity=identity_of(database, Passwords(), settings.secrets, callers=callers),
        verifiers=token_verifiers(settings, keys),
        cursors=CursorSigner(*settings.secrets),
        mailing=mailing_of(settings),
        registration=settings.registration,
        client=client,
        keys=keys,
        callers=callers,
        metrics=metrics,
        budgets=_budgets(settings),
        trusted_proxies=settings.trusted_proxies,
        shared=shared_sessions(settings),
        role_claim=settings.role_claim,
    )


def identity_of(
    database: Database, passwords: Passwords, secrets: tuple[str, ...], *, callers: ExpiringMemory[Caller]
) -> Identity:
    """Return what it takes to know the people of a database; `callers` are those who were recognised lately."""

    def forget(person_id: str) -> None:
        # Spec: features/sessions.md#SESSION-012
        callers.forget(lambda caller: caller.person_id == person_id)

    return Identity(
        partial(identifying, database),
        partial(registering, database),
        passwords,
        secrets,
        forget,
        open_own=lambda person: writing(database, Origin.own(person, Source.API)),
        open_erasure=lambda person: erasing(database, Origin.own(person, Source.API)),
    )


def _budgets(settings: Settings) -> Budgets:
    # Spec: features/limits.md#LIMIT-010
    url, redis = settings.redis_url, None
    if url is not None:
        try:
            redis = RedisWindows(url.get_secret_value())
        except (ValueError, TypeError):
            raise ConfigurationError("REDIS_URL cannot be read") from None
    return Budgets(settings.limits, key=settings.secrets[0].encode(), redis=redis)


def _better_auth_keys(
    settings: Settings, client: httpx2.AsyncClient, metrics: Metrics
) -> RemoteKeySet | None:
    """Return the keys of Better Auth, which are below its base path: `/api/auth`, unless the URL has one."""
    url = settings.better_auth_url
    if url is None:
        return None
    address = f"{url}/jwks" if urlsplit(url).path else f"{url}/api/auth/jwks"
    return RemoteKeySet(address, client, metrics=metrics)
