"""Sessions: beginning, refreshing, showing and ending them. Who may begin one is decided where people sign in."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from app.domain.account_errors import AccountDisabled, RefreshReused, WrongCredentials
from app.domain.callers import Caller
from app.domain.errors import Forbidden, TokenInvalid
from app.models.account import OWN_ISSUER, LoginRow
from app.models.session import SEED_BYTES, LockedSession, SessionRow, ShownSession
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.sign_in import TokenType
from app.services.identity import Identity
from app.utils import refresh_tokens
from app.utils.jwt import sign_token
from app.utils.refresh_tokens import MalformedTokenError, Named

TOKEN_AUDIENCE, TOKEN_TYPE = "agendum", "at+jwt"
TOKEN_LIFE = timedelta(minutes=15)
# Since the last refresh, and since the login.
IDLE, LONGEST = timedelta(days=30), timedelta(days=180)
# For how long a refresh token that was rotated away is answered by its successor, and how many are remembered for that.
GRACE, REMEMBERED_ROTATIONS = timedelta(seconds=60), 100
MOST = 100
# For how long one that has ended is kept.
KEPT_FOR = timedelta(days=1)
_log = structlog.get_logger("agendum.sessions")


class Visit(NamedTuple):
    """From where somebody comes: a printable name of the program, and the address of the network; None: not known."""

    device: str | None
    address: str | None


class SignedIn(NamedTuple):
    """An access token, a refresh token, and for how many seconds each is good; with the names of OAuth 2.0."""

    access_token: str
    token_type: TokenType
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


async def start(identity: Identity, login: LoginRow, visit: Visit, *, now: datetime) -> SignedIn:
    """Begin a session of somebody who has shown who that is; the least recently seen one ends if there are too many.

    Raises:
        WrongCredentials: The password is not the person's any more.
    """
    # Spec: features/sessions.md#SESSION-001 features/sessions.md#SESSION-002 features/sessions.md#SESSION-003
    # The clock of whoever ended all sessions may have been ahead of ours.
    begun = max(now, login.tokens_valid_from or now)
    seed, session_id = secrets.token_bytes(SEED_BYTES), UUID(str(uuid7()))
    row = SessionRow(login.user_id, session_id, seed, 1, [], begun, begun, begun + IDLE, *visit)
    async with identity.open_register() as directory:
        # The password may have been changed, or the account deleted, while this one was verified.
        if not await directory.sign_ins.confirm_password(login.user_id, known=login.password_hash):
            raise WrongCredentials("The e-mail or the password is wrong.")
        await directory.sign_ins.start(row, most=MOST)
    return _signed_in(identity, row, now=now)


async def refresh(identity: Identity, token: str, visit: Visit, *, now: datetime) -> SignedIn:
    """Give new tokens for a refresh token, which is good once, and for a minute more to whoever lost the answer.

    Raises:
        TokenInvalid: It is not acceptable.
        AccountDisabled: Its person may not come in.
        RefreshReused: It was used before; the session has ended.
    """
    # Spec: features/sessions.md#SESSION-005 features/sessions.md#SESSION-006 features/sessions.md#SESSION-007
    named = _named(token)
    async with identity.open_register() as directory:
        locked = await directory.sign_ins.lock(named.owner, named.session_id)
        row = _require_living(identity, locked, token, now=now)
        if named.generation == row.generation:
            row = _rotated(row, visit, now=now)
            await directory.sign_ins.rotate(row)
        is_reused = not _is_graceful(row, named.generation, now=now)
        if is_reused:
            await directory.sign_ins.end(row.user_id, row.id, now=now)
    if is_reused:
        identity.forget(row.user_id)
        _log.warning("refresh token reused", user_id=row.user_id, session_id=str(row.id))
        raise RefreshReused("The refresh token was used before; the session has ended.")
    return _signed_in(identity, row, now=now)


async def log_out(identity: Identity, leaver: Caller | str, *, now: datetime) -> None:
    """End the session of an access token of ours, or of a refresh token, whichever of the session's that is.

    Raises:
        Forbidden: The credential is not of a session of ours.
        TokenInvalid: The text is no refresh token of ours.
    """
    # Spec: features/sessions.md#SESSION-011
    if isinstance(leaver, str):
        person_id, session_id, _generation = await _genuine(identity, leaver)
    elif leaver.session_id is None:
        raise Forbidden("This credential is not of a session of ours; it ends where it comes from.")
    else:
        person_id, session_id = leaver.person_id, leaver.session_id
    async with identity.open_register() as directory:
        await directory.sign_ins.end(person_id, session_id, now=now)
    identity.forget(person_id)


async def log_out_everywhere(identity: Identity, caller: Caller, *, now: datetime) -> None:
    """End all sessions of the caller, and refuse the tokens that any issuer has given out before now."""
    # Spec: features/sessions.md#SESSION-013
    async with identity.open_register() as directory:
        await directory.sign_ins.end_all(caller.person_id, now=now)
        await directory.tokens.end_all(caller.person_id, now=now)
    identity.forget(caller.person_id)


async def browse(work: UnitOfWork, *, current: UUID | None, now: datetime) -> Sequence[ShownSession]:
    """Return the person's sessions that have not ended, the latest seen first; `current` is the one that asks."""
    # Spec: features/sessions.md#SESSION-014
    return await work.sessions.list(current=current, now=now)


async def end(work: UnitOfWork, caller: Caller, session_id: UUID, *, now: datetime) -> None:
    """End one session of the person.

    Raises:
        SignInRequired: The caller has not signed in.
        NotFound: There is none, or it is somebody else's.
    """
    # Spec: features/sessions.md#SESSION-012 features/sessions.md#SESSION-015
    caller.require_sign_in()
    await work.sessions.end(session_id, now=now)
    work.ends_credentials = True


async def _genuine(identity: Identity, token: str) -> Named:
    """Return what a refresh token names, if it is one of ours."""
    named = _named(token)
    async with identity.open_register() as directory:
        locked = await directory.sign_ins.lock(named.owner, named.session_id)
    if not _is_genuine(identity, locked, token):
        raise TokenInvalid("The refresh token is not acceptable.")
    return named


def _named(token: str) -> Named:
    try:
        return refresh_tokens.read(token)
    except MalformedTokenError as error:
        raise TokenInvalid("The refresh token is not acceptable.") from error


def _require_living(
    identity: Identity, locked: LockedSession | None, token: str, *, now: datetime
) -> SessionRow:
    """Return the session of a genuine refresh token."""
    if locked is None or not _is_genuine(identity, locked, token):
        raise TokenInvalid("The refresh token is not acceptable.")
    if not is_living(
        locked.row.created_at, locked.row.expires_at, valid_from=locked.tokens_valid_from, now=now
    ):
        raise TokenInvalid("The session has ended.")
    if locked.disabled_at is not None:
        raise AccountDisabled("This account is disabled.")
    return locked.row


def is_living(
    created_at: datetime, expires_at: datetime, *, valid_from: datetime | None, now: datetime
) -> bool:
    """Tell whether a session has not ended, and is not from before its person's tokens are good."""
    # Spec: features/sessions.md#SESSION-010
    return now < expires_at and (valid_from is None or valid_from <= created_at)


def _is_genuine(identity: Identity, locked: LockedSession | None, token: str) -> bool:
    # Spec: features/sessions.md#SESSION-008 features/sessions.md#SESSION-030
    return locked is not None and refresh_tokens.is_genuine(identity.secrets, token, seed=locked.row.seed)


def _rotated(row: SessionRow, visit: Visit, *, now: datetime) -> SessionRow:
    recent = [moment for moment in row.rotations if datetime.fromisoformat(moment) > now - GRACE]
    return row._replace(
        generation=row.generation + 1,
        rotations=[*recent, now.isoformat()][-REMEMBERED_ROTATIONS:],
        last_seen_at=now,
        expires_at=min(now + IDLE, row.created_at + LONGEST),
        device=visit.device,
        address=visit.address,
    )


def _is_graceful(row: SessionRow, generation: int, *, now: datetime) -> bool:
    """Tell whether a generation was rotated away a moment ago: each rotation retired one, the last one the latest."""
    # Spec: features/sessions.md#SESSION-006
    behind = row.generation - generation
    if not 1 <= behind <= len(row.rotations):
        return False
    return now - datetime.fromisoformat(row.rotations[-behind]) <= GRACE


def _signed_in(identity: Identity, row: SessionRow, *, now: datetime) -> SignedIn:
    # Spec: features/auth.md#AUTH-004 features/sessions.md#SESSION-010
    issued, seconds = int(now.timestamp()), int(TOKEN_LIFE.total_seconds())
    claims = {
        "iss": OWN_ISSUER,
        "aud": TOKEN_AUDIENCE,
        "sub": row.user_id,
        "sid": str(row.id),
        "iat": issued,
        "exp": issued + seconds,
    }
    access = sign_token(identity.secret, claims=claims, token_type=TOKEN_TYPE)
    named = Named(row.user_id, row.id, row.generation)
    token = refresh_tokens.write(identity.secret, named, seed=row.seed)
    left = int((row.expires_at - now).total_seconds())
    return SignedIn(access, TokenType.BEARER, seconds, token, left)
