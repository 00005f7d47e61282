"""The caller's change sequence, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading
from app.domain.errors import EditConflict, Invalid
from app.domain.fields import LARGEST_NUMBER
from app.http.answers import written
from app.http.documented_problems import CHANGE, READ, documented
from app.http.pages import followed_changes
from app.schemas.change import ChangePage, ChangeRead
from app.schemas.paging import ChangeQuery
from app.services import changes, undo

router = APIRouter(prefix="/api/changes", tags=["changes"], route_class=Route)
Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="The number of the change.")]


@router.get("", response_model=ChangePage, responses=documented(*READ, Invalid))
async def list_changes(work: TaskReading, query: Annotated[ChangeQuery, Query()]) -> Response:
    """List the changes after a number, in their order, without a gap."""
    followed = await changes.follow(work, after=query.after, limit=query.limit)
    return followed_changes(followed)


@router.post("/{seq}/revert", response_model=ChangeRead, responses=documented(*CHANGE, EditConflict, Invalid))
async def revert_change(seq: Number, write: TaskChanging) -> Response:
    """Undo a change, if nothing has been written over it since.

    The undoing is a change itself, which can be undone in turn.
    """
    change = await undo.revert(write.work, seq, caller=write.caller, **write.terms)
    return written(write, ChangeRead, change)
