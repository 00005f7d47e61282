"""What the task list is asked: a filter is resolved to what the database is to look for. It changes nothing."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.fields import folded
from app.domain.paging import Listing, Slice
from app.domain.search import query
from app.domain.sorting import Sort, read_sorts
from app.repositories import task_conditions as conditions
from app.repositories.questions import Given, Projection, Question
from app.repositories.task_json import TASK_JSON
from app.repositories.tasks import Tasks
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.query_fields import NONE
from app.schemas.task_query import TagMatch, TaskFilter, TaskStatus
from app.services.safe_writes import missing

# What a list of tasks shows: texts of JSON, or rows.
AS_JSON, AS_ROWS = TASK_JSON, Tasks.statements.rows
Item = TypeVar("Item")
_NEWEST_FIRST = (Sort("created_at", descending=True),)
_BEST_FIRST = (Sort("rank", descending=True),)


async def browse(
    work: UnitOfWork, wanted: TaskFilter, asked: Slice, *, now: datetime, show: Projection[Item]
) -> Listing[Item]:
    """List the tasks that a filter lists, as rows or as texts of JSON.

    Raises:
        Invalid: The filter names something that is not there.
    """
    # Spec: features/tasks.md#TASK-006 features/finding.md#FIND-003
    return await work.task_search.list(await _question(work, wanted, now=now), asked, show=show)


async def check(work: UnitOfWork, wanted: TaskFilter, *, now: datetime) -> None:
    """Refuse a filter that could list nothing, because it names something that is not there.

    Raises:
        Invalid: It does.
    """
    await _question(work, wanted, now=now)


async def _question(work: UnitOfWork, wanted: TaskFilter, *, now: datetime) -> Question:
    given = [*_conditions(wanted, now=now), *await _named(work, wanted)]
    # Spec: features/finding.md#FIND-008
    words = None if wanted.q is None else query(work.owner, wanted.q)
    if words is not None:
        given.append(conditions.found(words))
    return Question(given, read_sorts(wanted.sort or ()) or (_NEWEST_FIRST if words is None else _BEST_FIRST))


def _conditions(wanted: TaskFilter, *, now: datetime) -> Iterator[Given]:
    """Give the conditions that need no look into the database."""
    if not wanted.include_deleted:
        yield conditions.LIVING.given()
    if not wanted.include_hidden:
        # Spec: features/finding.md#FIND-004
        yield conditions.started(_today(wanted, now=now))
    if wanted.status is not None:
        yield (conditions.OPEN if wanted.status is TaskStatus.OPEN else conditions.COMPLETED).given()
    if wanted.priority is not None:
        yield conditions.of_priorities(wanted.priority)
    if wanted.updated_after is not None:
        yield conditions.updated_after(wanted.updated_after)
    yield from _due(wanted, now=now)


def _due(wanted: TaskFilter, *, now: datetime) -> Iterator[Given]:
    if wanted.due_before is not None:
        yield conditions.due_before(wanted.due_before)
    if wanted.due_after is not None:
        yield conditions.due_after(wanted.due_after)
    if wanted.overdue is not None:
        # Spec: features/finding.md#FIND-005
        overdue = conditions.overdue if wanted.overdue else conditions.not_overdue
        yield overdue(now, today=_today(wanted, now=now))
    if wanted.no_due is not None:
        yield (conditions.WITHOUT_DUE if wanted.no_due else conditions.WITH_DUE).given()


def _today(wanted: TaskFilter, *, now: datetime) -> date:
    return now.astimezone(ZoneInfo(wanted.timezone)).date()


async def _named(work: UnitOfWork, wanted: TaskFilter) -> list[Given]:
    """Return the conditions that name something else of the person's."""
    # Spec: features/finding.md#FIND-003
    given = [conditions.WITHOUT_CATEGORY.given()] if wanted.category_id == NONE else []
    given += [conditions.WITHOUT_PARENT.given()] if wanted.parent_id == NONE else []
    asked = (wanted.category_id, wanted.parent_id)
    category_id, parent_id = (value if isinstance(value, UUID) else None for value in asked)
    if wanted.tag is None and category_id is None and parent_id is None:
        return given
    tags = [_tag(tag) for tag in wanted.tag or ()]
    there = await work.task_search.look_up_names(category_id=category_id, parent_id=parent_id, tags=tags)
    for entity_id, is_there, field, entity in (
        (category_id, there.category, "category_id", "category"),
        (parent_id, there.parent, "parent_id", "task"),
    ):
        if entity_id is not None and not is_there:
            raise missing(field, entity)
    given += [] if category_id is None else [conditions.in_category(category_id)]
    given += [] if parent_id is None else [conditions.below(parent_id)]
    return [*given, *_tagged(tags, there.tags, match=wanted.tag_match)]


def _tagged(tags: Sequence[str], there: Sequence[tuple[str, str]], *, match: TagMatch) -> Iterator[Given]:
    if any(tag not in {part for pair in there for part in pair} for tag in tags):
        raise missing("tag", "tag")
    tag_ids = sorted({tag_id for tag_id, name in there if tag_id in tags or name in tags})
    if match is TagMatch.ALL:
        yield from conditions.with_each_tag(tag_ids)
    elif tags:
        yield conditions.with_any_tag(tag_ids)


def _tag(written: str) -> str:
    """Return a tag as it is looked up: an id as PostgreSQL writes it, or a folded name."""
    try:
        return str(UUID(written))
    except ValueError:
        return folded(written)
