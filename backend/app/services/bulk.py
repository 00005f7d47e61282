"""Many writes of tasks in one transaction.

Each is done by the function that does it alone, so that nothing is different in a batch.
"""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.errors import AgendumError, invalid_field
from app.domain.faults import FieldError
from app.domain.preconditions import ANY, Expected
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.bulk import (
    AnyOperation,
    Bulk,
    CompleteOperation,
    CreateOperation,
    MoveOperation,
    OnTask,
    TagOperation,
    UpdateOperation,
)
from app.schemas.task import Completion, Move, TaskTagsChange
from app.services import tasks

_STEP = timedelta(microseconds=1)
TemporaryIds = dict[str, UUID]


class Done(NamedTuple):
    """What one operation has done: the task as it was right after it, or None where it was deleted."""

    op: str
    id: UUID
    temp_id: str | None
    task: TaskRow | None


class Batch(NamedTuple):
    """What a batch has done, in the order of its operations, and the ids of what it made under temporary ids."""

    results: Sequence[Done]
    temp_ids: TemporaryIds


async def carry_out(work: UnitOfWork, body: Bulk, *, now: datetime) -> Batch:
    """Carry out all operations in their order, and return what each has done.

    Raises:
        AgendumError: What the first operation that fails is refused with, its place in the batch named; nothing may be
            committed then.
    """
    # Spec: features/bulk.md#BULK-001 features/bulk.md#BULK-003 features/bulk.md#BULK-006
    known: TemporaryIds = {}
    results = []
    for index, operation in enumerate(body.operations):
        try:
            # A moment for each, so that what a batch creates is ordered as if it had been created one by one.
            results.append(await _result(work, operation, known, now=now + index * _STEP))
        except AgendumError as refusal:
            raise _placed(refusal, operation, place=f"operations.{index}") from refusal.__cause__
    return Batch(results, known)


def _placed(refusal: AgendumError, operation: AnyOperation, *, place: str) -> AgendumError:
    """Return a refusal that tells which operation it is of, and where in that its fields are."""
    # Spec: features/bulk.md#BULK-007
    fields = type(operation).model_fields
    errors = refusal.errors or (FieldError("", refusal.detail),)
    placed = (FieldError(".".join([place, *_steps(error.field, fields)]), error.message) for error in errors)
    return refusal.retold(f"{place}: {refusal.detail}", errors=tuple(placed))


def _steps(field: str, fields: Container[str]) -> list[str]:
    """Return the way from an operation to one of its fields.

    A field that the operation does not have itself is content of its task.
    """
    if not field:
        return []
    return [field] if field in fields or "task" not in fields else ["task", field]


async def _result(work: UnitOfWork, operation: AnyOperation, known: TemporaryIds, *, now: datetime) -> Done:
    if isinstance(operation, CreateOperation):
        task = await _create(work, operation, known, now=now)
        return Done(operation.op, task.id, operation.temp_id, task)
    task_id = _resolved(operation.id, known, field="id")
    changed = await _change(work, operation, task_id, known=known, now=now)
    return Done(operation.op, task_id, None, changed)


async def _create(
    work: UnitOfWork, operation: CreateOperation, known: TemporaryIds, *, now: datetime
) -> TaskRow:
    # Spec: features/bulk.md#BULK-004
    if operation.temp_id in known:
        raise invalid_field("temp_id", "is defined more than once")
    body = operation.task.model_copy(update=_resolved_parent(operation.task.parent_id, known))
    task = await tasks.create(work, body, now=now)
    if operation.temp_id is not None:
        known[operation.temp_id] = task.id
    return task


async def _change(
    work: UnitOfWork, operation: OnTask, task_id: UUID, *, known: TemporaryIds, now: datetime
) -> TaskRow | None:
    """Carry out an operation on a task, and return the task, or None if it is deleted."""
    # Spec: features/bulk.md#BULK-002 features/bulk.md#BULK-005
    expected = ANY if operation.version is None else Expected(frozenset({operation.version}))
    when: Mapping[str, Any] = {"now": now, "expected": expected}
    match operation:
        case UpdateOperation(task=task):
            return await tasks.update(
                work, task_id, task.model_copy(update=_resolved_parent(task.parent_id, known)), **when
            )
        case CompleteOperation(completed=completed):
            return await tasks.set_completion(work, task_id, Completion(completed=completed), **when)
        case MoveOperation():
            return await tasks.move(work, task_id, _place(operation, known), **when)
        case TagOperation(add=add, remove=remove):
            return await tasks.change_tags(work, task_id, TaskTagsChange(add=add, remove=remove), **when)
    await tasks.delete(work, task_id, **when)
    return None


def _resolved_parent(parent_id: object, known: TemporaryIds) -> dict[str, UUID]:
    """Return what is to be written instead of a temporary id of a parent."""
    return {"parent_id": _resolved(parent_id, known, field="parent_id")} if isinstance(parent_id, str) else {}


def _place(operation: MoveOperation, known: TemporaryIds) -> Move:
    if operation.before is not None:
        return Move(before=_resolved(operation.before, known, field="before"))
    return Move(after=None if operation.after is None else _resolved(operation.after, known, field="after"))


def _resolved(reference: UUID | str, known: TemporaryIds, *, field: str) -> UUID:
    # Spec: features/bulk.md#BULK-004
    if not isinstance(reference, str):
        return reference
    if reference not in known:
        raise invalid_field(field, "is no temporary id of an operation before this one")
    return known[reference]
