"""The trash of the caller, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.dependencies.pages import Page
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import Invalid
from app.http.answers import done, written
from app.http.documented_problems import CHANGE, READ, WRITE, documented
from app.http.pages import listed_texts
from app.schemas.task import TaskPage, TaskRead
from app.services import trash
from app.services.task_search import AS_JSON

router = APIRouter(prefix="/api/trash", tags=["trash"], route_class=Route)


@router.get("", response_model=TaskPage, responses=documented(*READ, Invalid))
async def list_trash(work: TaskReading, page: Page) -> Response:
    """List the tasks in the trash, latest deleted first, by offset or by cursor."""
    found = await trash.browse(work, page.part, show=AS_JSON)
    return listed_texts(page, found)


@router.post("/{task_id}/restore", response_model=TaskRead, responses=documented(*CHANGE, Invalid))
async def restore_task(task_id: UUID, write: TaskChanging) -> Response:
    """Bring a task back, with the subtasks that were deleted with it."""
    task = await trash.restore(write.work, task_id, **write.terms)
    return written(write, TaskRead, task)


@router.delete("/{task_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def purge_task(task_id: UUID, write: TaskChanging) -> Response:
    """Remove a task in the trash for good, with everything below it; nothing brings it back."""
    await trash.purge(write.work, task_id, **write.terms)
    return done(write)


@router.delete("", status_code=204, responses=documented(*WRITE, Invalid))
async def empty_trash(write: TaskWriting) -> Response:
    """Remove everything in the trash for good; nothing brings it back."""
    await trash.empty(write.work, now=write.now)
    return done(write)
