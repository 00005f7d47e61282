"""The comments on a task of the caller, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies.pages import ListRequest, asked_with
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import EditConflict, IdTaken, Invalid, NotFound
from app.http.answers import created, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed
from app.schemas.comment import CommentCreate, CommentPage, CommentQuery, CommentRead, CommentUpdate
from app.services import comments

router = APIRouter(prefix="/api/tasks/{task_id}/comments", tags=["comments"], route_class=Route)
CommentList = Annotated[ListRequest[CommentQuery], Depends(asked_with(CommentQuery))]


@router.post(
    "", status_code=201, response_model=CommentRead, responses=documented_creation(NotFound, IdTaken)
)
async def create_comment(task_id: UUID, body: CommentCreate, write: TaskWriting) -> Response:
    """Comment on a task; choose the comment's id yourself to make the request safe to repeat."""
    comment = await comments.create(write.work, body, task_id=task_id, now=write.now)
    return created(write, CommentRead, comment, within=f"/api/tasks/{task_id}/comments")


@router.get("", response_model=CommentPage, responses=documented(*READ, NotFound, Invalid))
async def list_comments(task_id: UUID, work: TaskReading, asked: CommentList) -> Response:
    """List the living comments on a task, oldest first."""
    found = await comments.browse(work, asked.query, asked.page.part, task_id=task_id)
    return listed(asked.page, CommentPage, found)


@router.get("/{comment_id}", response_model=CommentRead, responses=documented(*READ, NotFound, Invalid))
async def read_comment(task_id: UUID, comment_id: UUID, *, request: Request, work: TaskReading) -> Response:
    """Read a comment."""
    comment = await comments.read(work, comment_id, task_id=task_id)
    return shown(request, CommentRead, comment)


@router.patch("/{comment_id}", response_model=CommentRead, responses=documented(*CHANGE, EditConflict, *BODY))
async def update_comment(
    task_id: UUID, comment_id: UUID, *, body: CommentUpdate, write: TaskChanging
) -> Response:
    """Change the text of a comment."""
    comment = await comments.update(write.work, comment_id, body, task_id=task_id, **write.terms)
    return written(write, CommentRead, comment)


@router.delete("/{comment_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def delete_comment(task_id: UUID, comment_id: UUID, *, write: TaskChanging) -> Response:
    """Delete a comment."""
    await comments.delete(write.work, comment_id, task_id=task_id, **write.terms)
    return done(write)
