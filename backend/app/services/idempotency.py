"""Requests that are sent again: the first answer is kept with its effect, and given to every copy.

What an answer says is the door's matter.
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from app.domain.errors import KeyReused
from app.models.idempotency_key import KeptAnswer
from app.repositories.idempotency_keys import IdempotencyKeys

KEPT_FOR = timedelta(hours=24)


class KeepsAnswers(Protocol):
    """A unit of work that keeps the answers to its owner's requests."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys: ...  # noqa: D102 (told by the class)


class KeyedRequest(NamedTuple):
    """A request with an idempotency key; `fingerprint` is a digest of everything that it asks for."""

    key: str
    fingerprint: bytes


async def recall(work: KeepsAnswers, request: KeyedRequest, *, now: datetime) -> KeptAnswer | None:
    """Return the answer that the first request with this key got within 24 hours, or None.

    Raises:
        KeyReused: That request asked for something else.
    """
    # Spec: features/safe-writes.md#SAFE-011 features/safe-writes.md#SAFE-012
    kept = await work.idempotency_keys.find(request.key, after=now - KEPT_FOR)
    if kept is not None and kept.fingerprint != request.fingerprint:
        raise KeyReused("The Idempotency-Key was sent with another request before.")
    return kept


async def keep(
    work: KeepsAnswers, request: KeyedRequest, answer: KeptAnswer, *, now: datetime
) -> KeptAnswer | None:
    """Keep the answer to a request, in the transaction of its effect, or return the one that the first request got.

    The owner's lock, which is held, makes copies wait until the first has ended.

    Raises:
        KeyReused: The first request with this key asked for something else.
    """
    # Spec: features/safe-writes.md#SAFE-011 features/safe-writes.md#SAFE-014
    if await work.idempotency_keys.keep(request.key, answer, after=now - KEPT_FOR, now=now):
        return None
    return await recall(work, request, now=now)
