"""The tags of the caller, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies.pages import ListRequest, asked_with
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import EditConflict, Invalid, NameTaken, NotFound
from app.http.answers import created, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed
from app.schemas.tag import TagCreate, TagPage, TagQuery, TagRead, TagUpdate
from app.services import tags

router = APIRouter(prefix="/api/tags", tags=["tags"], route_class=Route)
TagList = Annotated[ListRequest[TagQuery], Depends(asked_with(TagQuery))]


@router.post("", status_code=201, response_model=TagRead, responses=documented_creation(NameTaken))
async def create_tag(body: TagCreate, write: TaskWriting) -> Response:
    """Create a tag; choose its id yourself to make the request safe to repeat."""
    tag = await tags.create(write.work, body, now=write.now)
    return created(write, TagRead, tag, within="/api/tags")


@router.get("", response_model=TagPage, responses=documented(*READ, Invalid))
async def list_tags(work: TaskReading, asked: TagList) -> Response:
    """List the living tags by name, without regard to letter case."""
    found = await tags.browse(work, asked.query, asked.page.part)
    return listed(asked.page, TagPage, found)


@router.get("/{tag_id}", response_model=TagRead, responses=documented(*READ, NotFound, Invalid))
async def read_tag(tag_id: UUID, request: Request, work: TaskReading) -> Response:
    """Read a tag."""
    tag = await tags.read(work, tag_id)
    return shown(request, TagRead, tag)


@router.patch("/{tag_id}", response_model=TagRead, responses=documented(*CHANGE, EditConflict, *BODY))
async def update_tag(tag_id: UUID, body: TagUpdate, write: TaskChanging) -> Response:
    """Change the named fields of a tag; absent leaves, null clears."""
    tag = await tags.update(write.work, tag_id, body, **write.terms)
    return written(write, TagRead, tag)


@router.delete("/{tag_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def delete_tag(tag_id: UUID, write: TaskChanging) -> Response:
    """Delete a tag; every task loses it."""
    await tags.delete(write.work, tag_id, **write.terms)
    return done(write)
