"""A person's comments in PostgreSQL."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from app.domain.paging import Listing, Slice
from app.domain.search import vector
from app.models.comment import Comment, CommentRow
from app.repositories.owned import Owned
from app.repositories.owned_list import OwnedList
from app.repositories.owned_statements import OwnedStatements

_STATEMENTS = OwnedStatements(Comment, CommentRow._fields, derived=("search",))
_LIST = OwnedList(_STATEMENTS, CommentRow, by="created_at", within=("task_id",))


class Comments(Owned[CommentRow]):
    """The comments of one person."""

    entity = "comment"
    statements = _STATEMENTS
    make_row: ClassVar[Callable[..., CommentRow]] = CommentRow

    async def list(self, task_id: UUID, asked: Slice) -> Listing[CommentRow]:
        """List the living comments on a task, oldest first."""
        # Spec: features/comments.md#COMMENT-003
        return await _LIST.fetch(self._session, asked, user_id=self._origin.user_id, task_id=task_id)

    def _derived(self, row: CommentRow, names: frozenset[str]) -> dict[str, Any]:
        # Spec: features/finding.md#FIND-008
        return {"search": vector(self._origin.user_id, important="", other=row.body)} if "body" in names else {}
