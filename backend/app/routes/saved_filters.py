"""The saved filters of the caller, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies.pages import ListRequest, Page, asked_with
from app.dependencies.parts import Now
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import EditConflict, Invalid, NameTaken, NotFound
from app.http.answers import created, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed, listed_texts
from app.schemas.saved_filter import (
    SavedFilterCreate,
    SavedFilterPage,
    SavedFilterQuery,
    SavedFilterRead,
    SavedFilterUpdate,
)
from app.schemas.task import TaskPage
from app.services import saved_filters
from app.services.task_search import AS_JSON

router = APIRouter(prefix="/api/filters", tags=["filters"], route_class=Route)
SavedFilterList = Annotated[ListRequest[SavedFilterQuery], Depends(asked_with(SavedFilterQuery))]


@router.post("", status_code=201, response_model=SavedFilterRead, responses=documented_creation(NameTaken))
async def create_filter(body: SavedFilterCreate, write: TaskWriting) -> Response:
    """Keep a query of the task list under a name; choose its id yourself to make the request safe to repeat."""
    saved = await saved_filters.create(write.work, body, now=write.now)
    return created(write, SavedFilterRead, saved, within="/api/filters")


@router.get("", response_model=SavedFilterPage, responses=documented(*READ, Invalid))
async def list_filters(work: TaskReading, asked: SavedFilterList) -> Response:
    """List the living saved filters by name."""
    found = await saved_filters.browse(work, asked.query, asked.page.part)
    return listed(asked.page, SavedFilterPage, found)


@router.get("/{filter_id}", response_model=SavedFilterRead, responses=documented(*READ, NotFound, Invalid))
async def read_filter(filter_id: UUID, request: Request, work: TaskReading) -> Response:
    """Read a saved filter."""
    saved = await saved_filters.read(work, filter_id)
    return shown(request, SavedFilterRead, saved)


@router.patch(
    "/{filter_id}", response_model=SavedFilterRead, responses=documented(*CHANGE, EditConflict, *BODY)
)
async def update_filter(filter_id: UUID, body: SavedFilterUpdate, write: TaskChanging) -> Response:
    """Rename a saved filter, or replace its query as a whole; an absent field stays as it is."""
    saved = await saved_filters.update(write.work, filter_id, body, **write.terms)
    return written(write, SavedFilterRead, saved)


@router.delete("/{filter_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def delete_filter(filter_id: UUID, write: TaskChanging) -> Response:
    """Delete a saved filter."""
    await saved_filters.delete(write.work, filter_id, **write.terms)
    return done(write)


@router.get("/{filter_id}/tasks", response_model=TaskPage, responses=documented(*READ, NotFound, Invalid))
async def list_filtered_tasks(filter_id: UUID, work: TaskReading, page: Page, *, now: Now) -> Response:
    """List the tasks that a saved filter lists, in its order, by offset or by cursor."""
    found = await saved_filters.browse_tasks(work, filter_id, page.part, now=now, show=AS_JSON)
    return listed_texts(page, found)
