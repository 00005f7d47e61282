"""What a person can do with the comments on a task.

Each function refuses first, then changes, then returns the row; it commits nothing itself.
"""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from app.domain.changes import Action, Stamp
from app.domain.errors import Conflict, NotFound
from app.domain.paging import Listing, Slice
from app.domain.preconditions import Expected
from app.domain.sorting import read_sorts
from app.models.comment import CommentRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.comment import CommentCreate, CommentQuery, CommentUpdate
from app.services import safe_writes

_USUALLY = ("created_at",)
_CONTENT = ("task_id", "body")


async def create(work: UnitOfWork, body: CommentCreate, *, task_id: UUID, now: datetime) -> CommentRow:
    """Add a comment to a living task; the same id again with the same content gives the comment that is there.

    Raises:
        IdTaken: The id belongs to a comment on another task, or with another text.
    """
    # Spec: features/comments.md#COMMENT-001
    await work.tasks.get(task_id)
    comment = CommentRow(
        body.id or uuid7(), task_id, body.body, created_at=now, updated_at=now, deleted_at=None, version=1
    )
    there = await safe_writes.find_twin(work.comments, comment, chosen=body.id, content=_CONTENT)
    return there or await work.comments.add(comment, now=now)


async def browse(
    work: UnitOfWork, query: CommentQuery, asked: Slice, *, task_id: UUID
) -> Listing[CommentRow]:
    """List the living comments on a living task, oldest first."""
    await work.tasks.get(task_id)
    return await work.comments.list(asked, sorts=read_sorts(query.sort or _USUALLY), task_id=task_id)


async def read(work: UnitOfWork, comment_id: UUID, *, task_id: UUID) -> CommentRow:
    """Return a living comment on a living task.

    Raises:
        NotFound: One of the two is not there, or the comment is on another task.
    """
    # Spec: features/comments.md#COMMENT-004
    await work.tasks.get(task_id)
    comment = await work.comments.get(comment_id)
    if comment.task_id != task_id:
        raise NotFound("There is no such comment.")
    return comment


async def update(
    work: UnitOfWork,
    comment_id: UUID,
    body: CommentUpdate,
    *,
    task_id: UUID,
    now: datetime,
    expected: Expected,
) -> CommentRow:
    """Change the text of a comment."""
    # Spec: features/comments.md#COMMENT-005
    comment, content = await read(work, comment_id, task_id=task_id), body.model_dump()
    wanted = comment._replace(**content)
    await safe_writes.settle(work, work.comments, (comment, wanted), named=content, expected=expected)
    return await work.comments.change(comment, wanted, Stamp(Action.UPDATED, now))


async def delete(
    work: UnitOfWork, comment_id: UUID, *, task_id: UUID, now: datetime, expected: Expected
) -> None:
    """Delete a comment."""
    # Spec: features/comments.md#COMMENT-006
    comment = await read(work, comment_id, task_id=task_id)
    expected.require(comment.version)
    await work.comments.change(comment, comment._replace(deleted_at=now), Stamp(Action.DELETED, now))


async def refuse_undo(work: UnitOfWork, comment: CommentRow) -> None:
    """Refuse to undo a change of a comment whose task is in the trash.

    Raises:
        Conflict: It is.
    """
    # Spec: features/undo.md#UNDO-006
    if await work.tasks.find(comment.task_id) is None:
        raise Conflict("Its task is in the trash; restore that first.")
