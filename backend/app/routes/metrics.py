"""What is counted and measured, for Prometheus. It is no operation of the API, and shows nothing of anybody."""

from fastapi import APIRouter, Response

from app.dependencies.watchers import Watched
from app.utils.metrics import CONTENT_TYPE

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def show_metrics(parts: Watched) -> Response:
    """Show the metrics of all workers."""
    return Response(parts.metrics.exposition(), media_type=CONTENT_TYPE)
