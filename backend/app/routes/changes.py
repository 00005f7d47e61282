"""The caller's change sequence, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.dependencies import Reading
from app.routes.pages import change_page
from app.routes.problems import documented
from app.schemas.change import ChangePage
from app.schemas.paging import ChangeQuery
from app.services import changes

router = APIRouter(prefix="/api/changes", tags=["changes"])


@router.get("", response_model=ChangePage, responses=documented(401, 422, 503))
async def list_changes(work: Reading, query: Annotated[ChangeQuery, Query()]) -> Response:
    """List the changes after a number, in their order, without a gap."""
    return change_page(await changes.follow(work, after=query.after, limit=query.limit))
