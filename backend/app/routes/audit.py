"""What administrators have done, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.dependencies.administration import UsersReading
from app.dependencies.routing import Route
from app.domain.account_errors import RoleMissing
from app.domain.errors import Invalid
from app.http.documented_problems import READ, documented
from app.http.pages import followed_changes
from app.schemas.administration import ActPage
from app.schemas.paging import ChangeQuery
from app.services import administration

router = APIRouter(prefix="/api/audit", tags=["administration"], route_class=Route)


@router.get("", response_model=ActPage, responses=documented(*READ, RoleMissing, Invalid))
async def list_acts(work: UsersReading, query: Annotated[ChangeQuery, Query()]) -> Response:
    """List what administrators did after a number, in order and without a gap."""
    acts = await administration.follow(work, after=query.after, limit=query.limit)
    return followed_changes(acts)
