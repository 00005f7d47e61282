"""Who the bearer of a personal token is. It makes and revokes none."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from app.database.connection import Database
from app.domain.callers import Caller, Credential, known_scopes
from app.domain.errors import TokenInvalid
from app.models.personal_token import KnownToken
from app.repositories.unit_of_work import looking_up_tokens, noting_use
from app.services.personal_tokens import PREFIX
from app.services.recognition import Recognised, Recogniser, require_welcome
from app.utils.checked_tokens import digest_of, is_checked
from app.utils.jwt import InvalidToken

_NOTED_EVERY = timedelta(minutes=1)
_log = structlog.get_logger("agendum.tokens")


def personal_tokens(database: Database) -> Recogniser:
    """Return what knows the bearers of personal tokens."""
    return Recogniser(lambda credential: credential.startswith(PREFIX), partial(_recognise, database))


async def _recognise(database: Database, credential: str, now: datetime) -> Recognised:
    """Return who brings a personal token, and note behind the request that it is used."""
    # Spec: features/personal-tokens.md#TOKEN-011 features/personal-tokens.md#TOKEN-012
    if not is_checked(credential, PREFIX):
        raise _refused("it has not the form and the checksum of one")
    async with looking_up_tokens(database) as tokens:
        found = await tokens.find(digest_of(credential))
    known = _good(found, now=now)
    if known.last_used_at is None or known.last_used_at < now - _NOTED_EVERY:
        await database.end_behind(_note(database, known, now=now))
    scopes = frozenset(known_scopes(known.scopes))
    caller = Caller(known.user_id, Credential.PERSONAL_TOKEN, scopes, credential_id=known.id)
    return Recognised(caller, known.expires_at)


def _good(found: KnownToken | None, *, now: datetime) -> KnownToken:
    """Return a personal token that is good.

    Raises:
        TokenInvalid: It is not.
        AccountDisabled: Its person may not come in.
    """
    # Spec: features/personal-tokens.md#TOKEN-015
    if found is None:
        raise _refused("nobody has it")
    if found.deleted_at is not None:
        raise _refused("it is revoked")
    if found.expires_at <= now:
        raise _refused("it is expired")
    require_welcome(found)
    return found


def _refused(reason: str) -> TokenInvalid:
    """Return the one refusal of every personal token, with its reason for the log."""
    # Spec: features/personal-tokens.md#TOKEN-012 features/auth.md#AUTH-011
    refusal = TokenInvalid("The bearer token is not acceptable.")
    refusal.__cause__ = InvalidToken(f"The personal token is refused: {reason}")
    return refusal


def _note(database: Database, known: KnownToken, *, now: datetime) -> Coroutine[Any, Any, None]:
    async def note() -> None:
        # Spec: features/personal-tokens.md#TOKEN-014
        try:
            async with noting_use(database) as tokens:
                await tokens.note_use(known.user_id, known.id, now=now, before=now - _NOTED_EVERY)
        except Exception as failure:  # noqa: BLE001 (whatever it is, the request goes on)
            _log.warning("use of a personal token not noted", error=type(failure).__name__)

    return note()
