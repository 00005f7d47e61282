"""What a route may ask for, as annotated types. Each is closed by default: whoever asks for rows asks for a caller with them."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import orjson
from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer

from app.database.connection import Database
from app.domain.changes import Origin, Source
from app.domain.errors import Busy, StillRunning, TokenInvalid, Unauthenticated, Unavailable, invalid_field
from app.domain.preconditions import ANY, Expected
from app.models.idempotency_key import KeptAnswer
from app.repositories.unit_of_work import UnitOfWork, reading, writing
from app.services import accounts, idempotency
from app.services.idempotency import KeyedRequest
from app.utils.etags import InvalidTagError, read_tags
from app.utils.headers import InvalidHeaderError, idempotency_key, prefers
from app.utils.jwks import KeysUnavailable
from app.utils.jwt import InvalidToken, TokenVerifiers
from app.utils.memory import ExpiringMemory
from app.utils.pagination import CursorSigner

REMEMBERED_CALLERS = 10_000
REMEMBERED_SECONDS = 60.0
_KEPT_HEADERS = ("content-type", "etag", "location")
_VERSION = re.compile(r'"[1-9][0-9]{0,17}"')


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that live as long as the process; `main` makes them."""

    database: Database
    identity: accounts.Identity
    verifiers: TokenVerifiers
    callers: ExpiringMemory[str]
    cursors: CursorSigner


def runtime_of(request: Request) -> Runtime:
    """Return the parts of the process that serves a request."""
    parts: Runtime = request.app.state.runtime
    return parts


async def parts(request: Request) -> Runtime:
    """Return the parts of the process, for what needs no caller."""
    return runtime_of(request)


async def now() -> datetime:
    """Return the moment, aware and in UTC."""
    return datetime.now(UTC)


Parts = Annotated[Runtime, Depends(parts)]
Now = Annotated[datetime, Depends(now)]


class BearerCaller(HTTPBearer):
    """Gives the caller's user id, from a verified bearer token.

    It is the security scheme itself and no dependency behind it: each step of a dependency costs as much as a middleware.
    """

    def __init__(self) -> None:
        super().__init__(
            scheme_name="bearer",
            bearerFormat="JWT",
            auto_error=False,
            description="An access token of `/auth/login`, or of an issuer that is configured.",
        )

    async def __call__(self, request: Request) -> str:  # type: ignore[override]
        """Return the user id.

        Raises:
            Unauthenticated: There is no token.
            TokenInvalid: It is not acceptable.
            Unavailable: The token's issuer has never answered.
        """
        # Spec: features/auth.md#AUTH-008 features/auth.md#AUTH-009
        if (credentials := await super().__call__(request)) is None:
            raise Unauthenticated("A bearer token is required.")
        token = credentials.credentials
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        user_id = runtime_of(request).callers.recall(key) or await _verify(token, key, parts=runtime_of(request))
        request.state.user_id = user_id
        return user_id


async def _verify(token: str, key: bytes, *, parts: Runtime) -> str:
    # Spec: features/auth.md#AUTH-010
    moment = datetime.now(UTC)
    try:
        claims = await parts.verifiers.verify(token, now=moment)
    except InvalidToken as error:
        raise TokenInvalid("The bearer token is not acceptable.") from error
    except KeysUnavailable as error:
        raise Unavailable("The issuer of the token is not answering; please try again shortly.") from error
    person = await accounts.recognise(parts.identity, claims, now=moment)
    left = (claims.expires_at - moment).total_seconds()
    parts.callers.keep(key, person.user_id, seconds=min(left, REMEMBERED_SECONDS))
    return person.user_id


Caller = Annotated[str, Depends(BearerCaller())]


async def open_reading(request: Request, user_id: Caller) -> AsyncIterator[UnitOfWork]:
    """Open the caller's rows for reading."""
    async with reading(runtime_of(request).database, Origin(user_id, Source.API, request.state.request_id)) as work:
        yield work


@dataclass(slots=True)
class Write:
    """A write that is under way: whose rows, when, what its caller expects of them, and what it is answered."""

    work: UnitOfWork
    now: datetime
    expected: Expected
    answered: Response | None = None

    def answer(self, response: Response) -> Response:
        """Note the answer, so that it can be kept together with the effect."""
        self.answered = response
        return response


class Replay(Exception):
    """The request was answered before, with this answer. It ends the request like a refusal, and is none."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


async def open_writing(request: Request, user_id: Caller) -> AsyncIterator[Write]:
    """Open the caller's rows for writing, under the caller's lock; a request that was answered before is not carried out again.

    Raises:
        Replay: The request was answered before.
        StillRunning: A request with the same key, or another write, has not ended in time.
        Invalid: A header of the request cannot be read.
    """
    keyed, expected = await _keyed(request), _expected(request)
    async with AsyncExitStack() as stack:
        work = await _enter(stack, request, user_id, keyed=keyed is not None)
        # Under the lock, so that a person's moments follow the person's numbers.
        write = Write(work, datetime.now(UTC), expected)
        if keyed is not None and (kept := await idempotency.recall(work, keyed, now=write.now)) is not None:
            raise Replay(kept)
        yield write
        if keyed is not None:
            await _keep(write, keyed)


async def _enter(stack: AsyncExitStack, request: Request, user_id: str, *, keyed: bool) -> UnitOfWork:
    origin = Origin(user_id, Source.API, request.state.request_id)
    try:
        return await stack.enter_async_context(writing(runtime_of(request).database, origin))
    except Busy as busy:
        if not keyed:
            raise
        # Spec: features/safe-writes.md#SAFE-012
        raise StillRunning("An earlier request has not ended yet; please send this one again shortly.") from busy


async def _keyed(request: Request) -> KeyedRequest | None:
    """Return the request's idempotency key with a digest of what it asks for, or None when it has no key."""
    # Spec: features/safe-writes.md#SAFE-011
    try:
        key = idempotency_key(request.headers.getlist("Idempotency-Key"))
    except InvalidHeaderError as error:
        raise invalid_field("Idempotency-Key", str(error)) from error
    if key is None:
        return None
    target = f"{request.method}\0{request.scope['path']}\0".encode() + request.scope["query_string"]
    body = b"" if request.method == "DELETE" else await request.body()
    return KeyedRequest(key, hashlib.sha256(target + b"\0" + body).digest())


async def _keep(write: Write, keyed: KeyedRequest) -> None:
    if write.answered is None:
        raise RuntimeError("a write has no answer that could be kept")
    headers = {name: value for name, value in write.answered.headers.items() if name in _KEPT_HEADERS}
    body = bytes(write.answered.body)
    await idempotency.keep(
        write.work, keyed, status=write.answered.status_code, headers=orjson.dumps(headers).decode(), body=body, now=write.now
    )


def _expected(request: Request) -> Expected:
    """Read `If-Match`, and whether a merge is preferred."""
    # Spec: features/safe-writes.md#SAFE-008 features/safe-writes.md#SAFE-009
    headers = request.headers
    if "If-None-Match" in headers:
        raise invalid_field("If-None-Match", "is for reads; a write is made conditional by If-Match")
    if not (lines := headers.getlist("If-Match")):
        return ANY
    if not request.path_params:
        raise invalid_field("If-Match", "is for writes of one thing that is there")
    try:
        tags = read_tags(", ".join(lines))
    except InvalidTagError as error:
        raise invalid_field("If-Match", str(error)) from error
    versions = None if tags is None else frozenset(int(tag[1:-1]) for tag in tags if _VERSION.fullmatch(tag))
    return Expected(versions, merge=prefers(headers.getlist("Prefer"), "merge"))


# Of function scope, so that the unit of work ends before the response begins: with FastAPI's default it would end after it.
# Spec: features/safe-writes.md#SAFE-003
Reading = Annotated[UnitOfWork, Depends(open_reading, scope="function")]
Writing = Annotated[Write, Depends(open_writing, scope="function")]
