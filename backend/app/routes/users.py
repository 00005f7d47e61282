"""Everybody, as administrators see and keep out people, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies.administration import UsersChanging, UsersReading
from app.dependencies.pages import ListRequest, asked_with
from app.dependencies.routing import Route
from app.domain.account_errors import LastAdministrator, OwnAccount, RoleMissing
from app.domain.errors import Invalid, NotFound
from app.http.answers import shown, written
from app.http.documented_problems import CHANGE, READ, documented
from app.http.pages import listed
from app.schemas.administration import UserPage, UserQuery, UserRead
from app.services import administration

router = APIRouter(prefix="/api/users", tags=["administration"], route_class=Route)
UserList = Annotated[ListRequest[UserQuery], Depends(asked_with(UserQuery))]
_READ, _CHANGE = (*READ, RoleMissing, Invalid), (*CHANGE, RoleMissing, Invalid)


@router.get("", response_model=UserPage, responses=documented(*_READ))
async def list_users(work: UsersReading, asked: UserList) -> Response:
    """List people, the longest here first."""
    found = await administration.browse(work, asked.query, asked.page.part)
    return listed(asked.page, UserPage, found)


@router.get("/{user_id}", response_model=UserRead, responses=documented(*_READ, NotFound))
async def read_user(user_id: UUID, request: Request, work: UsersReading) -> Response:
    """Read who somebody is, and nothing of what is theirs."""
    user = await administration.read(work, user_id)
    return shown(request, UserRead, user)


@router.post("/{user_id}/disable", response_model=UserRead, responses=documented(*_CHANGE, LastAdministrator))
async def disable_user(user_id: UUID, write: UsersChanging) -> Response:
    """Keep somebody out: none of the person's credentials is accepted any more; nothing of theirs is lost."""
    user = await administration.disable(write.work, user_id, **write.terms)
    return written(write, UserRead, user)


@router.post("/{user_id}/enable", response_model=UserRead, responses=documented(*_CHANGE, OwnAccount))
async def enable_user(user_id: UUID, write: UsersChanging) -> Response:
    """Let somebody in again."""
    user = await administration.enable(write.work, user_id, **write.terms)
    return written(write, UserRead, user)


@router.post("/{user_id}/revoke-sessions", response_model=UserRead, responses=documented(*_CHANGE))
async def revoke_user_sessions(user_id: UUID, write: UsersChanging) -> Response:
    """Refuse what somebody has logged in with so far; the person may log in again."""
    user = await administration.revoke_sessions(write.work, user_id, **write.terms)
    return written(write, UserRead, user)
