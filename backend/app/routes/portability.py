"""Everything of the caller in one document, out and in, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.dependencies.limits import heavy
from app.dependencies.parts import Now
from app.dependencies.portability import Document, EmptySpool, Exporting, Importing, Progress
from app.dependencies.routing import long_running
from app.http.documented_problems import BODY, READ, WRITE, documented
from app.http.documents import (
    DOWNLOADS,
    TAKES_DOCUMENT,
    TELLS_LINES,
    ProgressRoute,
    brought_in,
    downloaded,
)
from app.schemas.account_document import AccountDocument
from app.schemas.account_import import ImportQuery, ImportRead
from app.services import account_export, account_import

router = APIRouter(prefix="/api/me", tags=["accounts"], route_class=ProgressRoute)


@router.get("/export", response_model=AccountDocument, responses={**documented(*READ), **DOWNLOADS})
@long_running
@heavy
async def export_account(work: Exporting, spool: EmptySpool, now: Now) -> Response:
    """Take out everything that is yours, as of one moment, as one document; what is in the trash included."""
    moment = await account_export.export(work, spool, now=now)
    return downloaded(spool, moment)


@router.post(
    "/import",
    response_model=ImportRead,
    responses={**documented(*WRITE, *BODY), **TELLS_LINES},
    openapi_extra=TAKES_DOCUMENT,
)
@long_running
@heavy
async def import_account(
    write: Importing, document: Document, *, query: Annotated[ImportQuery, Query()], report: Progress
) -> Response:
    """Bring in a document that was taken out, all of it or nothing; what is here already stays as it is."""
    done = await account_import.bring_in(
        write.work, document, dry_run=query.dry_run, report=report, now=write.now
    )
    return brought_in(write, done)
