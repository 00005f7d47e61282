"""Requests that are sent again with their `Idempotency-Key`: the answer is kept with the effect, and given again."""

import hashlib
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import orjson
from fastapi import Request, Response

from app.domain.errors import KeyReused, OutcomeUnknown, invalid_field
from app.models.idempotency_key import KeptAnswer
from app.services import idempotency
from app.services.idempotency import KeepsAnswers, KeyedRequest
from app.utils.headers import InvalidHeaderError, idempotency_key

_KEPT_HEADERS = ("content-type", "etag", "location")


class Replay(Exception):
    """The request was answered before, with this answer. It ends the request like a refusal, and is none."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


# What is known of the key already, or cannot be known.
_TOLD = (Replay, KeyReused, OutcomeUnknown)


async def keyed_request(request: Request) -> KeyedRequest | None:
    """Return the request's idempotency key with a digest of what it asks for, or None when it has no key."""
    # Spec: features/safe-writes.md#SAFE-011
    try:
        key = idempotency_key(request.headers.getlist("Idempotency-Key"))
    except InvalidHeaderError as error:
        raise invalid_field("Idempotency-Key", str(error)) from error
    if key is None:
        return None
    target = f"{request.method}\0{request.scope['path']}\0".encode() + request.scope["query_string"]
    return KeyedRequest(key, hashlib.sha256(target + b"\0" + await request.body()).digest())


async def keep(work: KeepsAnswers, keyed: KeyedRequest, answered: Response | None, *, now: datetime) -> None:
    """Keep the answer to a request, in the transaction of its effect.

    Raises:
        Replay: The request was answered before; what it has done now is to be rolled back.
        KeyReused: Another request with this key was.
    """
    if answered is None:
        raise RuntimeError("a write has no answer that could be kept")
    headers = {name: value for name, value in answered.headers.items() if name in _KEPT_HEADERS}
    told = orjson.dumps(headers).decode(), bytes(answered.body)
    answer = KeptAnswer(keyed.fingerprint, answered.status_code, *told)
    if (kept := await idempotency.keep(work, keyed, answer, now=now)) is not None:
        raise Replay(kept)


async def replay_instead(
    refused: Exception, keyed: KeyedRequest, rows: AbstractAsyncContextManager[KeepsAnswers], *, now: datetime
) -> None:
    """Look whether a request that was carried out in vain, and rolled back, was answered before.

    Args:
        refused: Why it was in vain, which may be the effect of the first request.
        keyed: The request.
        rows: Opens the caller's rows for reading: a statement that failed may have ended the first transaction.
        now: The moment of the request.

    Raises:
        Replay: It was.
        KeyReused: Another request with this key was.
    """
    # Spec: features/safe-writes.md#SAFE-014
    if isinstance(refused, _TOLD) or isinstance(refused.__cause__, TimeoutError):
        return  # A database that has not answered in time is not asked again.
    async with rows as work:
        kept = await idempotency.recall(work, keyed, now=now)
    if kept is not None:
        raise Replay(kept) from refused
