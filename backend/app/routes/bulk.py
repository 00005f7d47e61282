"""Many writes of tasks in one request, over HTTP."""

from fastapi import APIRouter, Response

from app.dependencies.limits import heavy
from app.dependencies.routing import Route
from app.dependencies.work import TaskWriting
from app.domain.errors import IdTaken
from app.http.answers import answered
from app.http.documented_problems import BODY, CHANGE, documented
from app.schemas.bulk import Bulk, BulkRead
from app.services import bulk

router = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=Route)


@router.post("/bulk", response_model=BulkRead, responses=documented(*CHANGE, IdTaken, *BODY))
@heavy
async def change_tasks_in_bulk(body: Bulk, write: TaskWriting) -> Response:
    """Carry out up to 100 operations on tasks: all of them, or none; a failing one is named by its index."""
    batch = await bulk.carry_out(write.work, body, now=write.now)
    return answered(write, BulkRead, batch)
