"""What a person can do with the record of changes: read it in order."""

from typing import Any

from app.repositories.unit_of_work import UnitOfWork


async def follow(work: UnitOfWork, *, after: int, limit: int) -> dict[str, Any]:
    """List the changes after a number, in order, with the number to ask after next."""
    # Spec: features/changes.md#CHANGE-004
    found = await work.changes.list(after=after, limit=limit + 1)
    page = found[:limit]
    return {"items": page, "last": page[-1].seq if page else after, "has_more": len(found) > limit}
