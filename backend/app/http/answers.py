"""How one thing is answered: its JSON, its entity tag, and 304 for who has it already.

What the thing is, is the service's matter.
"""

from functools import cache
from typing import Any, Protocol
from uuid import UUID

import orjson
from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter

from app.dependencies.repeats import Replay
from app.dependencies.work import Write
from app.domain.errors import invalid_field
from app.runtime import Runtime
from app.schemas.base import Output
from app.utils.etags import InvalidTagError, read_tags, weakly_equal

JSON = "application/json"


class Versioned(Protocol):
    """What has a version."""

    @property
    def version(self) -> int: ...  # noqa: D102 (told by the class)


class Created(Versioned, Protocol):
    """What has an id as well."""

    @property
    def id(self) -> UUID: ...  # noqa: D102 (told by the class)


class Once(Created, Protocol):
    """What has something that is shown once."""

    def hidden(self) -> Created: ...  # noqa: D102 (told by the class)


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    # Spec: features/safe-writes.md#SAFE-007
    return f'"{version}"'


def shown(request: Request, shape: type[Output], row: Versioned) -> Response:
    """Answer a read: the thing with its entity tag, or 304 when `If-None-Match` names that.

    Raises:
        Invalid: The header is neither `*` nor entity tags.
    """
    # Spec: features/safe-writes.md#SAFE-007
    headers = {"ETag": etag(row.version)}
    if (known := request.headers.getlist("If-None-Match")) and _names(known, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(json_of(shape, row), 200, headers, JSON)


def written(write: Write[Any], shape: type[Output], row: Versioned) -> Response:
    """Answer a write with what it wrote."""
    return write.answer(Response(json_of(shape, row), 200, {"ETag": etag(row.version)}, JSON))


def created(write: Write[Any], shape: type[Output], row: Created, *, within: str) -> Response:
    """Answer a write with what it made; `within` is the path of the collection in which that can be read."""
    headers = {"ETag": etag(row.version), "Location": f"{within}/{row.id}"}
    return write.answer(Response(json_of(shape, row), 201, headers, JSON))


def created_once(write: Write[Any], shape: type[Output], row: Once, *, within: str) -> Response:
    """Answer a write with what it made and what is shown once; what is kept for a repetition is without that."""
    # Spec: features/personal-tokens.md#TOKEN-006
    response = created(write, shape, row, within=within)
    created(write, shape, row.hidden(), within=within)
    return response


def answered(write: Write[Any], shape: type[Output], thing: object) -> Response:
    """Answer a write with something that has no version of its own."""
    return write.answer(Response(json_of(shape, thing), media_type=JSON))


def done(write: Write[Any]) -> Response:
    """Answer a write after which there is nothing to show."""
    return write.answer(Response(None, 204))


def accepted() -> Response:
    """Answer a request for a mail: the same for everybody."""
    # Spec: features/users.md#USER-031
    return Response(b'{"status":"accepted"}', 202, media_type=JSON)


def departed(runtime: Runtime, person_id: str) -> Response:
    """Answer somebody who is gone now, and whom no token means any more."""
    # Spec: features/users.md#USER-074
    runtime.forget(person_id)
    return Response(None, 204)


def nothing() -> Response:
    """Answer something after which there is nothing to show, and which nobody's rows were opened for."""
    return Response(None, 204)


def json_of(shape: type[Output], thing: object) -> bytes:
    """Return a thing as JSON, as its shape says."""
    adapter = _adapter(shape)
    return adapter.dump_json(adapter.validate_python(thing))


def answer_replays(app: FastAPI) -> None:
    """Make the application answer a request that was sent before as it was answered then."""
    # Starlette's signature promises any exception to each handler; it gives each its own kind.
    app.add_exception_handler(Replay, _replay)  # type: ignore[arg-type]


async def _replay(_request: Request, replay: Replay) -> Response:
    # Spec: features/safe-writes.md#SAFE-011
    headers = orjson.loads(replay.kept.headers) | {"Idempotency-Replayed": "true"}
    return Response(replay.kept.body or None, replay.kept.status, headers)


def _names(headers: list[str], tag: str) -> bool:
    try:
        tags = read_tags(", ".join(headers))
    except InvalidTagError as error:
        raise invalid_field("If-None-Match", str(error)) from error
    return tags is None or any(weakly_equal(known, tag) for known in tags)


@cache
def _adapter(shape: type[Output]) -> TypeAdapter[Any]:
    return TypeAdapter(shape)
