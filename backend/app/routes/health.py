"""Whether the process lives and whether it can serve, for those who watch it."""

from fastapi import APIRouter

from app.dependencies.bodies import MalformedBody
from app.dependencies.parts import IsEnding, Parts
from app.dependencies.routing import Route
from app.domain.errors import Unavailable
from app.http.documented_problems import documented
from app.schemas.health import HealthRead
from app.services import health

router = APIRouter(prefix="/health", tags=["health"], route_class=Route)


@router.get("/live", response_model=HealthRead, responses=documented(MalformedBody))
async def check_liveness() -> dict[str, str]:
    """Answer, without touching anything else."""
    # Spec: features/operations.md#OPS-010
    return {"status": "ok"}


@router.get("/ready", response_model=HealthRead, responses=documented(MalformedBody, Unavailable))
async def check_readiness(parts: Parts, is_ending: IsEnding) -> dict[str, str]:
    """Answer once the database has answered, unless this process is about to end."""
    await health.check(parts.database, is_ending=is_ending)
    return {"status": "ok"}
