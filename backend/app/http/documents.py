"""How a document of a whole account is answered, and an import that tells how far it has come.

What is in a document is the service's matter.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.dependencies.documents import DocumentRoute
from app.dependencies.portability import REPORT
from app.dependencies.work import Write
from app.http.answers import JSON, answered
from app.http.documented_problems import Responses
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.account_import import ImportRead
from app.services.imported_rows import Imported
from app.utils.spool import Spool

Handle = Callable[[Request], Coroutine[Any, Any, Response]]
LINES = "application/x-ndjson"
_LINES_EXAMPLE = (
    '{"done":false,"section":"tasks","count":500,"total":1200}\n{"done":true,"status":200,"result":{}}\n'
)
# What the OpenAPI document says of an import beside its parameters.
TAKES_DOCUMENT = {
    "requestBody": {
        "required": True,
        "description": "A document as an export gives it, up to 64 MiB.",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/AccountDocument"}}},
    }
}
TELLS_LINES: Responses = {
    200: {"content": {LINES: {"schema": {"type": "string"}, "example": _LINES_EXAMPLE}}}
}
DOWNLOADS: Responses = {
    200: {
        "headers": {
            "Content-Disposition": {
                "description": "A name for the file.",
                "required": True,
                "schema": {"type": "string"},
            }
        }
    }
}


def downloaded(spool: Spool, moment: datetime) -> Response:
    """Answer with a document that is whole, as a file to be kept."""
    # Spec: features/portability.md#PORT-004
    name = f"agendum-{moment:%Y-%m-%dT%H%M%SZ}.json"
    headers = {
        "Content-Length": str(spool.size),
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(spool.pieces(), 200, headers, JSON)


def brought_in(write: Write[UnitOfWork], done: Imported) -> Response:
    """Answer with what an import has done."""
    told = {"dry_run": done.dry_run, "profile": done.profile, **done.counts}
    return answered(write, ImportRead, told | {"noted": done.noted, "noted_in_all": done.noted_in_all})


class ProgressRoute(DocumentRoute):
    """A route whose caller may ask to be told how far it has come, in lines of JSON of which the last is the answer.

    What is refused before there is anything to tell is answered as ever.
    """

    def get_route_handler(self) -> Handle:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def handle_or_tell(request: Request) -> Response:
            # Spec: features/portability.md#PORT-019
            asked = LINES in request.headers.get("Accept", "").lower()
            return await (_tell(handle, request) if asked else handle(request))

        return handle_or_tell


async def _tell(handle: Handle, request: Request) -> Response:
    reports: asyncio.Queue[bytes] = asyncio.Queue()

    def report(section: str, count: int, total: int) -> None:
        reports.put_nowait(_line(done=False, section=section, count=count, total=total))

    request.scope["state"][REPORT] = report
    carrying_out = asyncio.create_task(handle(request))
    first = asyncio.create_task(reports.get())
    try:
        await asyncio.wait([carrying_out, first], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        carrying_out.cancel()
        raise
    finally:
        if not first.done():
            first.cancel()
    if not first.done() or first.cancelled():
        return await carrying_out
    return StreamingResponse(_lines(request, carrying_out, (first.result(), reports)), 200, None, LINES)


async def _lines(
    request: Request, carrying_out: asyncio.Task[Response], told: tuple[bytes, asyncio.Queue[bytes]]
) -> AsyncIterator[bytes]:
    """Give each report, and at last the answer; who goes away before that ends what is being done."""
    line, reports = told
    try:
        yield line
        while not carrying_out.done():
            following = asyncio.create_task(reports.get())
            await asyncio.wait([carrying_out, following], return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                yield following.result()
            following.cancel()
        while not reports.empty():
            yield reports.get_nowait()
        yield await _last_line(request, carrying_out)
    finally:
        carrying_out.cancel()


async def _last_line(request: Request, carried_out: Awaitable[Response]) -> bytes:
    try:
        response = await carried_out
    except Exception as error:
        kinds = [kind for kind in type(error).__mro__ if kind in request.app.exception_handlers]
        if not kinds or kinds[0] is Exception:
            raise
        response = await request.app.exception_handlers[kinds[0]](request, error)
    body = orjson.Fragment(bytes(response.body)) if response.body else None
    return _line(done=True, status=response.status_code, result=body)


def _line(**content: Any) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
