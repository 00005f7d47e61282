"""What the task list is asked: a filter is resolved to what the database is to look for. It changes nothing."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.fields import folded
from app.domain.paging import Slice
from app.domain.search import query
from app.domain.sorting import Sort, read_sort
from app.repositories.task_search import Question
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.task_query import TagMatch, TaskFilter
from app.services import safe_writes

_NEWEST_FIRST = (Sort("created_at", descending=True),)
_BEST_FIRST = (Sort("rank", descending=True),)
_WITHOUT = {"category_id": "no_category", "parent_id": "no_parent"}
_ENTITIES = {"category_id": "category", "parent_id": "task"}


async def browse(work: UnitOfWork, wanted: TaskFilter, asked: Slice, *, now: datetime) -> dict[str, Any]:
    """List the tasks that a filter lists, each as the text of its JSON.

    Raises:
        Invalid: The filter names something that is not there.
    """
    # Spec: features/tasks.md#TASK-006 features/finding.md#FIND-003
    return safe_writes.page(await work.task_search.fetch(await _question(work, wanted, now=now), asked), asked)


async def check(work: UnitOfWork, wanted: TaskFilter, *, now: datetime) -> None:
    """Refuse a filter that could list nothing, because it names something that is not there.

    Raises:
        Invalid: It does.
    """
    await _question(work, wanted, now=now)


async def _question(work: UnitOfWork, wanted: TaskFilter, *, now: datetime) -> Question:
    conditions = dict(_conditions(wanted, now=now)) | await _references(work, wanted)
    # Spec: features/finding.md#FIND-008
    words = None if wanted.q is None else query(work.owner, wanted.q)
    sorts = tuple(read_sort(column) for column in wanted.sort or ()) or (_NEWEST_FIRST if words is None else _BEST_FIRST)
    values = {name: value for given in conditions.values() for name, value in given.items()}
    return Question(frozenset(conditions), values, sorts, words)


def _conditions(wanted: TaskFilter, *, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the conditions that need no look into the database, each with its values."""
    today = now.astimezone(ZoneInfo(wanted.timezone)).date()
    yield from _visible(wanted, today=today)
    if wanted.status is not None:
        yield wanted.status, {}
    if wanted.priority is not None:
        yield "priorities", {"priorities": [priority.value for priority in wanted.priority]}
    for name in ("due_before", "due_after", "updated_after"):
        if (value := getattr(wanted, name)) is not None:
            yield name, {name: value}
    if wanted.overdue is not None:
        # Spec: features/finding.md#FIND-005
        yield ("overdue" if wanted.overdue else "not_overdue"), {"now": now, "today": today}
    if wanted.no_due is not None:
        yield ("no_due" if wanted.no_due else "with_due"), {}


def _visible(wanted: TaskFilter, *, today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    # Spec: features/finding.md#FIND-004
    if not wanted.include_deleted:
        yield "living", {}
    if not wanted.include_hidden:
        yield "started", {"today": today}


async def _references(work: UnitOfWork, wanted: TaskFilter) -> dict[str, dict[str, Any]]:
    """Return the conditions that name something else of the person's."""
    # Spec: features/finding.md#FIND-003
    named = {"category_id": wanted.category_id, "parent_id": wanted.parent_id}
    found: dict[str, dict[str, Any]] = {_WITHOUT[field]: {} for field, value in named.items() if value == "none"}
    ids = {field: value if isinstance(value, UUID) else None for field, value in named.items()}
    if wanted.tag is None and not any(ids.values()):
        return found
    tags = [_tag(tag) for tag in wanted.tag or ()]
    there = await work.task_search.references(**ids, tags=tags)
    for field, is_there in (("category_id", there.category), ("parent_id", there.parent)):
        if ids[field] is not None and not is_there:
            raise safe_writes.missing(field, _ENTITIES[field])
        found |= {} if ids[field] is None else {field: {field: ids[field]}}
    return found | _tagged(tags, there.tags, match=wanted.tag_match)


def _tagged(tags: list[str], there: list[tuple[str, str]], *, match: TagMatch) -> dict[str, dict[str, Any]]:
    if not tags:
        return {}
    tag_ids = {tag_id for tag_id, name in there if tag_id in tags or name in tags}
    if any(tag not in {part for pair in there for part in pair} for tag in tags):
        raise safe_writes.missing("tag", "tag")
    if match is TagMatch.ANY:
        return {"any_tag": {"tag_ids": sorted(tag_ids)}}
    return {f"tag_{number}": {f"tag_{number}": UUID(tag_id)} for number, tag_id in enumerate(sorted(tag_ids))}


def _tag(written: str) -> str:
    """Return a tag as it is looked up: an id as PostgreSQL writes it, or a folded name."""
    try:
        return str(UUID(written))
    except ValueError:
        return folded(written)
