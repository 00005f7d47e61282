"""The personal tokens of the caller, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.dependencies.pages import ListRequest, asked_with
from app.dependencies.routing import Route
from app.dependencies.work import AccountChanging, AccountReading, AccountWriting
from app.domain.errors import EditConflict, IdTaken, Invalid, NotFound
from app.http.answers import created_once, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed
from app.schemas.personal_token import (
    PersonalTokenCreate,
    PersonalTokenCreated,
    PersonalTokenPage,
    PersonalTokenQuery,
    PersonalTokenRead,
    PersonalTokenUpdate,
)
from app.services import personal_tokens

router = APIRouter(prefix="/api/personal-tokens", tags=["personal tokens"], route_class=Route)
PersonalTokenList = Annotated[ListRequest[PersonalTokenQuery], Depends(asked_with(PersonalTokenQuery))]


@router.post("", status_code=201, response_model=PersonalTokenCreated, responses=documented_creation(IdTaken))
async def create_personal_token(body: PersonalTokenCreate, write: AccountWriting) -> Response:
    """Make a personal token for a program. The token itself is in this answer alone: keep it now.

    A personal token makes no other.
    """
    token = await personal_tokens.create(write.work, body, caller=write.caller, now=write.now)
    return created_once(write, PersonalTokenCreated, token, within="/api/personal-tokens")


@router.get("", response_model=PersonalTokenPage, responses=documented(*READ, Invalid))
async def list_personal_tokens(work: AccountReading, asked: PersonalTokenList) -> Response:
    """List the personal tokens that are not revoked, by name, each with when it was last used."""
    found = await personal_tokens.browse(work, asked.query, asked.page.part)
    return listed(asked.page, PersonalTokenPage, found)


@router.get("/{token_id}", response_model=PersonalTokenRead, responses=documented(*READ, NotFound, Invalid))
async def read_personal_token(token_id: UUID, request: Request, work: AccountReading) -> Response:
    """Read what a personal token allows and until when; never the token itself."""
    token = await personal_tokens.read(work, token_id)
    return shown(request, PersonalTokenRead, token)


@router.patch(
    "/{token_id}", response_model=PersonalTokenRead, responses=documented(*CHANGE, EditConflict, *BODY)
)
async def update_personal_token(
    token_id: UUID, body: PersonalTokenUpdate, write: AccountChanging
) -> Response:
    """Rename a personal token."""
    token = await personal_tokens.update(write.work, token_id, body, caller=write.caller, **write.terms)
    return written(write, PersonalTokenRead, token)


@router.delete("/{token_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def revoke_personal_token(token_id: UUID, write: AccountChanging) -> Response:
    """Revoke a personal token, for good: it is refused from now on, and nothing brings it back."""
    await personal_tokens.revoke(write.work, token_id, caller=write.caller, **write.terms)
    return done(write)
