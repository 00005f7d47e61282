"""What the routes of whole accounts ask for: the caller's rows by two scopes, a document that is read, and who is told.

It opens nobody's rows.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, Request

from app.dependencies.documents import held, hold_spool, read_strictly, spool_of
from app.dependencies.work import AccountImporting, Snapshot, Write
from app.domain.callers import Scope
from app.repositories.unit_of_work import UnitOfWork
from app.services import account_document
from app.services.account_document import Checked
from app.services.imported_rows import Report
from app.utils.spool import Spool

REPORT = "report"


async def document_of(request: Request) -> Checked:
    """Return what the document of a request says, before any rows are opened."""
    # Spec: features/operations.md#OPS-032
    spool = await spool_of(request)
    async with read_strictly():
        checked = await asyncio.to_thread(account_document.check, spool)
    held(request).callback(checked.close)
    return checked


async def report_of(request: Request) -> Report:
    """Return what is told how far a request has come."""
    report: Report = request.scope["state"].get(REPORT, _tell_nobody)
    return report


def _tell_nobody(_section: str, _done: int, _total: int, /) -> None:
    return


Exporting = Annotated[UnitOfWork, Depends(Snapshot(Scope.ACCOUNT_READ, Scope.TASKS_READ))]
Importing = Annotated[Write[UnitOfWork], Depends(AccountImporting(Scope.ACCOUNT_WRITE, Scope.TASKS_WRITE))]
EmptySpool = Annotated[Spool, Depends(hold_spool)]
Document = Annotated[Checked, Depends(document_of)]
Progress = Annotated[Report, Depends(report_of)]
