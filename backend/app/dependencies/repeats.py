"""Requests that are sent again with their `Idempotency-Key`: the answer is kept with the effect, and given again."""

import hashlib
from datetime import datetime

import orjson
from fastapi import Request, Response

from app.domain.errors import invalid_field
from app.models.idempotency_key import KeptAnswer
from app.repositories.unit_of_work import UnitOfWork
from app.services import idempotency
from app.services.idempotency import KeyedRequest
from app.utils.headers import InvalidHeaderError, idempotency_key

_KEPT_HEADERS = ("content-type", "etag", "location")


class Replay(Exception):
    """The request was answered before, with this answer. It ends the request like a refusal, and is none."""

    def __init__(self, kept: KeptAnswer) -> None:
        super().__init__()
        self.kept = kept


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


async def keep(work: UnitOfWork, keyed: KeyedRequest, answered: Response | None, *, now: datetime) -> None:
    """Keep the answer to a request, in the transaction of its effect."""
    if answered is None:
        raise RuntimeError("a write has no answer that could be kept")
    headers = {name: value for name, value in answered.headers.items() if name in _KEPT_HEADERS}
    body = bytes(answered.body)
    await idempotency.keep(work, keyed, status=answered.status_code, headers=orjson.dumps(headers).decode(), body=body, now=now)
