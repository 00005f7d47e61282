"""The caller's own profile, over HTTP."""

from fastapi import APIRouter, Request, Response

from app.dependencies.addresses import PasswordAttempt
from app.dependencies.limits import heavy
from app.dependencies.parts import Now, Parts
from app.dependencies.routing import Route, long_running
from app.dependencies.work import AccountChanging, AccountLeaving, AccountReading
from app.domain.account_errors import SignInRequired, WrongCredentials
from app.domain.errors import EditConflict, Invalid, OutcomeUnknown, Stale
from app.http.answers import departed, shown, written
from app.http.documented_problems import BODY, READ, WRITE, documented
from app.schemas.profile import AccountDeletion, ProfileRead, ProfileUpdate
from app.services import account_deletion, profile

router = APIRouter(prefix="/api/me", tags=["accounts"], route_class=Route)


@router.get("", response_model=ProfileRead, responses=documented(*READ, Invalid))
async def read_profile(request: Request, work: AccountReading) -> Response:
    """Read your own profile."""
    found = await profile.read(work)
    return shown(request, ProfileRead, found)


@router.patch("", response_model=ProfileRead, responses=documented(*WRITE, Stale, EditConflict, *BODY))
async def update_profile(body: ProfileUpdate, write: AccountChanging) -> Response:
    """Change the named fields of your profile; absent leaves, null clears. The e-mail is not changed here."""
    changed = await profile.update(write.work, body, **write.terms)
    return written(write, ProfileRead, changed)


@router.delete(
    "",
    status_code=204,
    responses=documented(*READ, WrongCredentials, SignInRequired, OutcomeUnknown, Stale, *BODY),
)
@long_running
@heavy
async def delete_account(
    body: AccountDeletion, leaving: AccountLeaving, parts: Parts, *, attempt: PasswordAttempt, now: Now
) -> Response:
    """Delete your account for good, with everything in it: with your password, or else with the word `delete`."""
    await account_deletion.delete(
        parts.identity, leaving.caller, body, attempt=attempt, expected=leaving.expected, now=now
    )
    return departed(parts, leaving.caller.person_id)
