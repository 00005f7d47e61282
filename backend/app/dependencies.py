"""What a route may ask for, as annotated types. Each is closed by default: whoever asks for rows asks for a caller with them."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.database.connection import Database
from app.domain.changes import Origin, Source
from app.domain.errors import FieldError, Invalid, Unauthenticated, Unavailable
from app.domain.paging import Position, Slice
from app.repositories.unit_of_work import UnitOfWork, reading, writing
from app.schemas.paging import PageQuery
from app.services import accounts
from app.utils.jwks import KeysUnavailable
from app.utils.jwt import InvalidToken, TokenVerifiers
from app.utils.memory import ExpiringMemory
from app.utils.pagination import CursorSigner, InvalidCursorError

REMEMBERED_CALLERS = 10_000
REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts that live as long as the process; `main` makes them."""

    database: Database
    identity: accounts.Identity
    verifiers: TokenVerifiers
    callers: ExpiringMemory[str]
    cursors: CursorSigner


async def runtime(request: Request) -> Runtime:
    """Return the process's parts."""
    parts: Runtime = request.app.state.runtime
    return parts


async def now() -> datetime:
    """Return the moment, aware and in UTC."""
    return datetime.now(UTC)


Parts = Annotated[Runtime, Depends(runtime)]
Now = Annotated[datetime, Depends(now)]
_bearer = HTTPBearer(auto_error=False, description="An access token of `/auth/login`, or of an issuer that is configured.")


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)], parts: Parts, moment: Now
) -> str:
    """Return the caller's user id, from a verified token.

    Raises:
        Unauthenticated: There is no token, or it is not acceptable.
        Unavailable: The token's issuer has never answered.
    """
    # Spec: features/auth.md#AUTH-008 features/auth.md#AUTH-009
    if credentials is None:
        raise Unauthenticated("A bearer token is required.")
    key = hashlib.sha256(credentials.credentials.encode("utf-8", "surrogatepass")).digest()
    user_id = parts.callers.recall(key)
    if user_id is None:
        user_id = await _verify(credentials.credentials, key, parts=parts, moment=moment)
    request.state.user_id = user_id
    return user_id


async def _verify(token: str, key: bytes, *, parts: Runtime, moment: datetime) -> str:
    # Spec: features/auth.md#AUTH-010
    try:
        claims = await parts.verifiers.verify(token, now=moment)
    except InvalidToken as error:
        raise Unauthenticated("The bearer token is not acceptable.") from error
    except KeysUnavailable as error:
        raise Unavailable("The issuer of the token is not answering; please try again shortly.") from error
    person = await accounts.recognise(parts.identity, claims, now=moment)
    left = (claims.expires_at - moment).total_seconds()
    parts.callers.keep(key, person.user_id, seconds=min(left, REMEMBERED_SECONDS))
    return person.user_id


Caller = Annotated[str, Depends(caller)]


async def open_reading(request: Request, user_id: Caller, parts: Parts) -> AsyncIterator[UnitOfWork]:
    """Open the caller's rows for reading."""
    async with reading(parts.database, Origin(user_id, Source.API, request.state.request_id)) as work:
        yield work


async def open_writing(request: Request, user_id: Caller, parts: Parts) -> AsyncIterator[UnitOfWork]:
    """Open the caller's rows for writing, under the caller's lock."""
    async with writing(parts.database, Origin(user_id, Source.API, request.state.request_id)) as work:
        yield work


# Of function scope, so that the unit of work ends before the response begins: with FastAPI's default it would end after it.
# Spec: features/safe-writes.md#SAFE-003
Reading = Annotated[UnitOfWork, Depends(open_reading, scope="function")]
Writing = Annotated[UnitOfWork, Depends(open_writing, scope="function")]


async def page(request: Request, query: Annotated[PageQuery, Query()], user_id: Caller, parts: Parts) -> Slice:
    """Return the part of a list that is asked for; its cursors hold for this person and this list alone.

    Raises:
        Invalid: The cursor is not one of these, or there is an offset as well.
    """
    # Spec: features/finding.md#FIND-002
    mark = partial(parts.cursors.sign, f"{user_id}\0{request.url.path}")
    after: Position | None = None
    if query.cursor is not None:
        after = _position(query, f"{user_id}\0{request.url.path}", parts=parts)
    return Slice(query.limit, query.offset, after, query.count == "exact", mark)


def _position(query: PageQuery, scope: str, *, parts: Runtime) -> Position:
    if query.offset:
        raise Invalid("cursor: must not come with an offset", errors=(FieldError("cursor", "must not come with an offset"),))
    try:
        return parts.cursors.read(scope, query.cursor or "")
    except InvalidCursorError as error:
        raise Invalid(f"cursor: {error}", errors=(FieldError("cursor", str(error)),)) from error


Page = Annotated[Slice, Depends(page)]
