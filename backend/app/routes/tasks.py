"""The tasks of the caller, over HTTP."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from app.dependencies import Now, Page, Reading, Writing
from app.domain.errors import IdTaken
from app.models.task import TaskRow
from app.routes.pages import task_page
from app.routes.problems import BODY, documented
from app.schemas.task import Completion, TaskCreate, TaskPage, TaskRead, TaskReplace, TaskUpdate
from app.services import tasks

router = APIRouter(prefix="/api/tasks", tags=["tasks"])
_ADDRESS = {"description": "The address of the task.", "required": True, "schema": {"type": "string", "format": "uri-reference"}}
_CREATED: dict[int | str, dict[str, Any]] = {201: {"headers": {"Location": _ADDRESS}}}


@router.post("", status_code=201, response_model=TaskRead, responses=documented(401, IdTaken, 503, *BODY) | _CREATED)
async def create_task(body: TaskCreate, response: Response, *, work: Writing, now: Now) -> TaskRow:
    """Create a task; choose its id yourself to make the request safe to repeat."""
    task = await tasks.create(work, body, now=now)
    response.headers["Location"] = f"/api/tasks/{task.id}"
    return task


@router.get("", response_model=TaskPage, responses=documented(401, 422, 503))
async def list_tasks(work: Reading, page: Page) -> Response:
    """List the living tasks, newest first, by offset or by cursor."""
    return task_page(await tasks.browse(work, page))


@router.get("/{task_id}", response_model=TaskRead, responses=documented(401, 404, 422, 503))
async def read_task(task_id: UUID, work: Reading) -> TaskRow:
    """Read a task."""
    return await tasks.read(work, task_id)


@router.put("/{task_id}", response_model=TaskRead, responses=documented(401, 404, 503, *BODY))
async def replace_task(task_id: UUID, body: TaskReplace, *, work: Writing, now: Now) -> TaskRow:
    """Replace the whole content of a task; what is absent takes its default."""
    return await tasks.replace(work, task_id, body, now=now)


@router.patch("/{task_id}", response_model=TaskRead, responses=documented(401, 404, 503, *BODY))
async def update_task(task_id: UUID, body: TaskUpdate, *, work: Writing, now: Now) -> TaskRow:
    """Change the named fields of a task; absent leaves, null clears."""
    return await tasks.update(work, task_id, body, now=now)


@router.delete("/{task_id}", status_code=204, responses=documented(401, 404, 422, 503))
async def delete_task(task_id: UUID, work: Writing, now: Now) -> None:
    """Move a task to the trash."""
    await tasks.delete(work, task_id, now=now)


@router.patch("/{task_id}/complete", response_model=TaskRead, responses=documented(401, 404, 503, *BODY))
async def complete_task(task_id: UUID, body: Completion | None = None, *, work: Writing, now: Now) -> TaskRow:
    """Complete a task, or reopen it with `{"completed": false}`; doing it twice is the same as once."""
    return await tasks.set_completion(work, task_id, completed=(body or Completion()).completed, now=now)
