"""The caller's own profile, over HTTP."""

from fastapi import APIRouter

from app.dependencies.routing import Route
from app.dependencies.work import AccountReading
from app.http.documented_problems import READ, documented
from app.models.account import AccountRow
from app.schemas.profile import AccountRead
from app.services import profile

router = APIRouter(prefix="/api/me", tags=["accounts"], route_class=Route)


@router.get("", response_model=AccountRead, responses=documented(*READ))
async def read_profile(work: AccountReading) -> AccountRow:
    """Read your own profile."""
    return await profile.read(work)
