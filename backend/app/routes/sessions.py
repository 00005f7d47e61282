"""The sessions of the caller, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.dependencies.accounts import CurrentSession
from app.dependencies.parts import Now
from app.dependencies.routing import Route
from app.dependencies.work import AccountReading, AccountWriting
from app.domain.account_errors import SignInRequired
from app.domain.errors import Invalid, NotFound
from app.http.answers import done
from app.http.documented_problems import READ, WRITE, documented
from app.http.sign_ins import listed_sessions
from app.schemas.sign_in import SessionList
from app.services import sessions

router = APIRouter(prefix="/auth/sessions", tags=["accounts"], route_class=Route)


@router.get("", response_model=SessionList, responses=documented(*READ))
async def list_sessions(work: AccountReading, current: CurrentSession, now: Now) -> Response:
    """List your sessions that have not ended, the latest seen first: device, address, and when."""
    found = await sessions.browse(work, current=current, now=now)
    return listed_sessions(found)


@router.delete(
    "/{session_id}", status_code=204, responses=documented(*WRITE, SignInRequired, NotFound, Invalid)
)
async def end_session(session_id: UUID, write: AccountWriting) -> Response:
    """End one of your sessions: its tokens are refused within a minute."""
    await sessions.end(write.work, write.caller, session_id, now=write.now)
    return done(write)
