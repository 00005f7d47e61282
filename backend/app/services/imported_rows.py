"""What a document of everything becomes in an account, thing by thing. It writes nothing, and commits nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.domain.due import Due, instant
from app.domain.fields import folded
from app.models.category import CategoryRow
from app.models.comment import CommentRow
from app.models.saved_filter import SavedFilterRow
from app.models.tag import TagRow
from app.models.task import TaskRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.account_document import (
    SECTIONS,
    CategoryPart,
    CommentPart,
    SavedFilterPart,
    TagPart,
    TaskPart,
)
from app.schemas.account_import import Outcome, ProfileOutcome
from app.services.account_document import Checked
from app.services.task_references import DEEPEST

MOST_NOTED = 1000
Report = Callable[[str, int, int], None]
Find = Callable[[str, UUID], UUID | None]


class Noted(NamedTuple):
    """A thing of which there is more to say than that it is there now as the document has it."""

    pointer: str
    id: UUID
    outcome: Outcome
    dropped: Sequence[str]


@dataclass
class Imported:
    """What an import has done so far."""

    dry_run: bool
    profile: ProfileOutcome = ProfileOutcome.LEFT
    counts: dict[str, dict[Outcome, int]] = field(
        default_factory=lambda: {section: dict.fromkeys(Outcome, 0) for section in SECTIONS}
    )
    noted: list[Noted] = field(default_factory=list)
    noted_in_all: int = 0

    def count(self, section: str, noted: Noted) -> None:
        """Count what has become of a thing, and note it if there is more to say of it."""
        self.counts[section][noted.outcome] += 1
        if noted.outcome is Outcome.EQUAL or (noted.outcome is Outcome.CREATED and not noted.dropped):
            return
        self.noted_in_all += 1
        if len(self.noted) < MOST_NOTED:
            self.noted.append(noted)


@dataclass
class UnderWay:
    """An import under way: what its things have become, as far as others may refer to them."""

    work: UnitOfWork
    document: Checked
    report: Report
    now: datetime
    done: Imported
    # What is taken for something else, or for nothing any more; everything else stands for itself.
    instead: dict[str, dict[UUID, UUID | None]] = field(
        default_factory=lambda: {section: {} for section in SECTIONS}
    )
    # What is there and deleted, and the tasks that were there before.
    deleted: dict[str, set[UUID]] = field(default_factory=lambda: {section: set() for section in SECTIONS})
    older: set[UUID] = field(default_factory=set)
    levels: dict[UUID, int] = field(default_factory=dict)
    names: dict[str, dict[str, UUID]] = field(default_factory=dict)

    def found(self, section: str, entity_id: UUID) -> UUID | None:
        """Return what a reference leads to, deleted or not, or None."""
        return self.instead[section].get(entity_id, entity_id)

    def found_alive(self, section: str, entity_id: UUID) -> UUID | None:
        """Return what a reference leads to, if that is living, or None."""
        there = self.found(section, entity_id)
        return None if there in self.deleted[section] else there


async def _category(_under_way: UnderWay, given: CategoryPart) -> tuple[CategoryRow, list[str]]:
    return CategoryRow(**given.model_dump(), version=1), []


async def _tag(_under_way: UnderWay, given: TagPart) -> tuple[TagRow, list[str]]:
    return TagRow(**given.model_dump(), folded_name=folded(given.name), version=1), []


async def _saved_filter(under_way: UnderWay, given: SavedFilterPart) -> tuple[SavedFilterRow, list[str]]:
    content = given.model_dump()
    content["query"] = {name: _led(under_way, name, value) for name, value in given.query.items()}
    return SavedFilterRow(**content, version=1), []


def _led(under_way: UnderWay, name: str, value: Any) -> Any:
    """Return a parameter of a query that names what is taken for what it names."""
    # Spec: features/portability.md#PORT-013
    section = {"category_id": "categories", "tag": "tags"}.get(name)
    if section is None:
        return value
    instead = under_way.instead[section]
    if isinstance(value, list):
        return sorted(taken_for(one, instead) for one in value)
    return taken_for(value, instead)


def taken_for(text: str, instead: Mapping[UUID, UUID | None]) -> str:
    """Return the id of what the thing of an id is taken for; a name, and any other id, is returned as it is."""
    try:
        other = instead.get(UUID(text))
    except ValueError:
        return text
    return text if other is None else str(other)


async def _comment(under_way: UnderWay, given: CommentPart) -> tuple[CommentRow | None, list[str]]:
    if under_way.found("tasks", given.task_id) is None:
        return None, []
    return CommentRow(**given.model_dump(), version=1), []


async def _task(under_way: UnderWay, given: TaskPart) -> tuple[TaskRow, list[str]]:
    """Return the row of a task; what it refers to and is not there, or not living as it is itself, is dropped."""
    # Spec: features/portability.md#PORT-014
    find = under_way.found if given.deleted_at is not None else under_way.found_alive
    category_id = None if given.category_id is None else find("categories", given.category_id)
    found = [find("tags", tag_id) for tag_id in given.tag_ids]
    tag_ids = tuple(sorted({tag_id for tag_id in found if tag_id is not None}))
    parent_id = await _parent(under_way, given, find)
    dropped = [
        name
        for name, is_dropped in (
            ("category_id", category_id is None and given.category_id is not None),
            ("parent_id", parent_id is None and given.parent_id is not None),
            ("tag_ids", None in found),
        )
        if is_dropped
    ]
    content = _content(given) | {"category_id": category_id, "parent_id": parent_id, "tag_ids": tag_ids}
    return TaskRow(**content, version=1), dropped


def _content(given: TaskPart) -> dict[str, Any]:
    due = None if given.due is None else Due(given.due.date, given.due.time, given.due.timezone)
    day, wall_clock, zone = due or (None, None, None)
    content = given.model_dump(exclude={"due", "category_id", "parent_id", "tag_ids"})
    moment = due and instant(due)
    return content | {"due_date": day, "due_time": wall_clock, "due_timezone": zone, "due_at": moment}


async def _parent(under_way: UnderWay, given: TaskPart, find: Find) -> UUID | None:
    """Return the parent of a task, unless it is not there or the task would stand too deep below it."""
    parent_id = None if given.parent_id is None else find("tasks", given.parent_id)
    if parent_id is None:
        return None
    if parent_id in under_way.older and parent_id not in under_way.levels:
        under_way.levels[parent_id] = len(await under_way.work.tasks.ancestry(parent_id)) - 1
    level = under_way.levels.get(parent_id, 0) + 1
    if level > DEEPEST and given.deleted_at is None:
        return None
    under_way.levels[given.id] = level
    return parent_id


# Makes the row of a thing of each list, with the references that it loses.
ROWS: Mapping[str, Callable[[UnderWay, Any], Awaitable[tuple[Any, list[str]]]]] = {
    "categories": _category,
    "tags": _tag,
    "tasks": _task,
    "comments": _comment,
    "saved_filters": _saved_filter,
}
