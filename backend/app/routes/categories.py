"""The categories of the caller, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.dependencies.pages import ListRequest, asked_with
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import EditConflict, Invalid, NameTaken, NoRoom, NotFound
from app.http.answers import created, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed
from app.schemas.category import (
    CategoryCreate,
    CategoryDeletion,
    CategoryMove,
    CategoryPage,
    CategoryQuery,
    CategoryRead,
    CategoryUpdate,
)
from app.services import categories

router = APIRouter(prefix="/api/categories", tags=["categories"], route_class=Route)
CategoryList = Annotated[ListRequest[CategoryQuery], Depends(asked_with(CategoryQuery))]


@router.post("", status_code=201, response_model=CategoryRead, responses=documented_creation(NameTaken))
async def create_category(body: CategoryCreate, write: TaskWriting) -> Response:
    """Create a category at the end of the manual order; choose its id yourself to make the request safe to repeat."""
    category = await categories.create(write.work, body, now=write.now)
    return created(write, CategoryRead, category, within="/api/categories")


@router.get("", response_model=CategoryPage, responses=documented(*READ, Invalid))
async def list_categories(work: TaskReading, asked: CategoryList) -> Response:
    """List the living categories in their manual order, archived ones included."""
    found = await categories.browse(work, asked.query, asked.page.part)
    return listed(asked.page, CategoryPage, found)


@router.get("/{category_id}", response_model=CategoryRead, responses=documented(*READ, NotFound, Invalid))
async def read_category(category_id: UUID, request: Request, work: TaskReading) -> Response:
    """Read a category."""
    category = await categories.read(work, category_id)
    return shown(request, CategoryRead, category)


@router.patch(
    "/{category_id}", response_model=CategoryRead, responses=documented(*CHANGE, EditConflict, *BODY)
)
async def update_category(category_id: UUID, body: CategoryUpdate, write: TaskChanging) -> Response:
    """Change the named fields of a category; absent leaves, null clears."""
    category = await categories.update(write.work, category_id, body, **write.terms)
    return written(write, CategoryRead, category)


@router.delete("/{category_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def delete_category(
    category_id: UUID, query: Annotated[CategoryDeletion, Query()], write: TaskChanging
) -> Response:
    """Delete a category; its tasks leave it, or go to the trash with their subtasks."""
    await categories.delete(write.work, category_id, query, **write.terms)
    return done(write)


@router.post("/{category_id}/move", response_model=CategoryRead, responses=documented(*CHANGE, NoRoom, *BODY))
async def move_category(category_id: UUID, body: CategoryMove, write: TaskChanging) -> Response:
    """Move a category right before or right after another one in the manual order."""
    category = await categories.move(write.work, category_id, body, **write.terms)
    return written(write, CategoryRead, category)
