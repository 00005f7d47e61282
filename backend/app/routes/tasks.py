"""The tasks of the caller, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.dependencies.pages import Search
from app.dependencies.routing import Route
from app.dependencies.work import TaskChanging, TaskReading, TaskWriting
from app.domain.errors import EditConflict, IdTaken, Invalid, NoRoom, NotFound
from app.http.answers import created, done, shown, written
from app.http.documented_problems import BODY, CHANGE, READ, documented, documented_creation
from app.http.pages import listed_texts, nested
from app.schemas.task import (
    Completion,
    Move,
    TaskCreate,
    TaskPage,
    TaskRead,
    TaskReplace,
    TaskTagsChange,
    TaskTreeRead,
    TaskUpdate,
)
from app.services import task_search, tasks
from app.services.task_search import AS_JSON

router = APIRouter(prefix="/api/tasks", tags=["tasks"], route_class=Route)


@router.post("", status_code=201, response_model=TaskRead, responses=documented_creation(IdTaken))
async def create_task(body: TaskCreate, write: TaskWriting) -> Response:
    """Create a task; choose its id yourself to make the request safe to repeat."""
    task = await tasks.create(write.work, body, now=write.now)
    return created(write, TaskRead, task, within="/api/tasks")


@router.get("", response_model=TaskPage, responses=documented(*READ, Invalid))
async def list_tasks(work: TaskReading, search: Search) -> Response:
    """List tasks by filters, words and a sort, by offset or by cursor.

    When nothing else is asked, it gives the living ones, newest first.
    """
    found = await task_search.browse(work, search.filter, search.page.part, now=search.now, show=AS_JSON)
    return listed_texts(search.page, found)


@router.get("/{task_id}", response_model=TaskRead, responses=documented(*READ, NotFound, Invalid))
async def read_task(task_id: UUID, request: Request, work: TaskReading) -> Response:
    """Read a task."""
    task = await tasks.read(work, task_id)
    return shown(request, TaskRead, task)


@router.get("/{task_id}/tree", response_model=TaskTreeRead, responses=documented(*READ, NotFound, Invalid))
async def read_task_tree(task_id: UUID, work: TaskReading) -> Response:
    """Read a task with all of its living subtasks."""
    nodes = await tasks.tree(work, task_id)
    return nested(nodes)


@router.put("/{task_id}", response_model=TaskRead, responses=documented(*CHANGE, *BODY))
async def replace_task(task_id: UUID, body: TaskReplace, write: TaskChanging) -> Response:
    """Replace the whole content of a task; what is absent takes its default, and what a read gave can be sent back."""
    task = await tasks.replace(write.work, task_id, body, **write.terms)
    return written(write, TaskRead, task)


@router.patch("/{task_id}", response_model=TaskRead, responses=documented(*CHANGE, EditConflict, *BODY))
async def update_task(task_id: UUID, body: TaskUpdate, write: TaskChanging) -> Response:
    """Change the named fields of a task; absent leaves, null clears."""
    task = await tasks.update(write.work, task_id, body, **write.terms)
    return written(write, TaskRead, task)


@router.delete("/{task_id}", status_code=204, responses=documented(*CHANGE, Invalid))
async def delete_task(task_id: UUID, write: TaskChanging) -> Response:
    """Move a task to the trash, with its subtasks."""
    await tasks.delete(write.work, task_id, **write.terms)
    return done(write)


@router.patch(
    "/{task_id}/complete", response_model=TaskRead, responses=documented(*CHANGE, EditConflict, *BODY)
)
async def complete_task(task_id: UUID, write: TaskChanging, body: Completion | None = None) -> Response:
    """Complete a task, or reopen it with `{"completed": false}`; doing it twice is the same as once."""
    task = await tasks.set_completion(write.work, task_id, body or Completion(), **write.terms)
    return written(write, TaskRead, task)


@router.patch("/{task_id}/tags", response_model=TaskRead, responses=documented(*CHANGE, *BODY))
async def change_task_tags(task_id: UUID, body: TaskTagsChange, write: TaskChanging) -> Response:
    """Add tags to a task and take others away, without regard to what else it has."""
    task = await tasks.change_tags(write.work, task_id, body, **write.terms)
    return written(write, TaskRead, task)


@router.post("/{task_id}/move", response_model=TaskRead, responses=documented(*CHANGE, NoRoom, *BODY))
async def move_task(task_id: UUID, body: Move, write: TaskChanging) -> Response:
    """Move a task right before or right after another one in the manual order."""
    task = await tasks.move(write.work, task_id, body, **write.terms)
    return written(write, TaskRead, task)
