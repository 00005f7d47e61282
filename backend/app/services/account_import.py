"""Brings a document of everything into an account: what is there already stays as it is.

It writes by the services' own seams, and commits nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from app.domain.faults import FieldError
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.account_document import SECTIONS, ProfilePart
from app.schemas.account_import import Outcome, ProfileOutcome
from app.services import profile, task_writes
from app.services.account_document import PARTS, Checked
from app.services.account_faults import MOST_ERRORS, refuse
from app.services.imported_rows import ROWS, Imported, Noted, Report, UnderWay

AT_ONCE = 500
_NAMED = {"categories": "name", "tags": "folded_name", "saved_filters": "name"}


async def bring_in(
    work: UnitOfWork, document: Checked, *, dry_run: bool, report: Report, now: datetime
) -> Imported:
    """Bring in everything that is not there yet, with its ids and moments, or tell what that would do.

    Args:
        work: Where to; its lock keeps everything as it was found.
        document: What is brought in.
        dry_run: Whether nothing is written.
        report: Is told the list that is worked at, and how many things are done of how many.
        now: The moment that its changes are recorded with.

    Raises:
        Invalid: It refers to something that is neither in it nor here.
    """
    # Spec: features/portability.md#PORT-012 features/portability.md#PORT-017 features/portability.md#PORT-018
    under_way = UnderWay(work, document, report, now, Imported(dry_run))
    await _look_elsewhere(under_way)
    under_way.done.profile = await _bring_profile(under_way, document.profile)
    for section in SECTIONS:
        if section in _NAMED:
            kind = getattr(work, section)
            under_way.names[section] = await work.portability.names(kind, _NAMED[section])
        for spool in document.lines[section]:
            lines = spool.lines()
            while some := [PARTS[section].model_validate_json(line) for line in islice(lines, AT_ONCE)]:
                await _bring(under_way, section, some)
    return under_way.done


async def _look_elsewhere(under_way: UnderWay) -> None:
    """Look up what the document refers to and does not have.

    Raises:
        Invalid: It is not here either.
    """
    # Spec: features/portability.md#PORT-011 features/portability.md#PORT-021 features/isolation.md#ISO-008
    missing: list[FieldError] = []
    for section, mentioned in under_way.document.elsewhere.items():
        kind = getattr(under_way.work, section)
        for some in _parts(iter(mentioned)):
            there = await kind.there(some)
            under_way.deleted[section] |= {one for one, is_living in there.items() if not is_living}
            under_way.older |= there.keys() if section == "tasks" else set()
            message = f"there is no such {kind.called}"
            missing += [FieldError(mentioned[one], message) for one in some if one not in there]
            if len(missing) >= MOST_ERRORS:
                refuse(missing)
    if missing:
        refuse(missing)


async def _bring_profile(under_way: UnderWay, given: ProfilePart) -> ProfileOutcome:
    """Take the profile over, unless the person has changed the one that is here."""
    # Spec: features/portability.md#PORT-016
    mine = await under_way.work.profile.get()
    content = given.model_dump(mode="json", include={"name", "time_zone", "language", "week_start"})
    content = {name: value for name, value in content.items() if name != "name" or value is not None}
    if (wanted := mine._replace(**content)) == mine:
        return ProfileOutcome.EQUAL
    if mine.own_fields:
        return ProfileOutcome.LEFT
    if not under_way.done.dry_run:
        await profile.write(under_way.work, (mine, wanted), now=under_way.now)
    return ProfileOutcome.TAKEN


async def _bring(under_way: UnderWay, section: str, some: Sequence[Any]) -> None:
    """Bring in some things of a list."""
    work, new = under_way.work, []
    kind = getattr(work, section)
    there = await work.portability.some(kind, (thing.id for thing in some))
    made = await work.portability.made(kind, (thing.id for thing in some if thing.id not in there))
    for thing in some:
        row, dropped = await ROWS[section](under_way, thing)
        outcome = _outcome(under_way, section, row, there=there.get(thing.id), is_purged=thing.id in made)
        index = under_way.document.ids[section][thing.id]
        if outcome is Outcome.CREATED:
            new.append(row)
        noted = Noted(f"/{section}/{index}", thing.id, outcome, dropped if outcome is Outcome.CREATED else [])
        under_way.done.count(section, noted)
    if new and not under_way.done.dry_run:
        await _write(under_way, section, new)
    done = sum(sum(counts.values()) for counts in under_way.done.counts.values())
    under_way.report(section, done, under_way.document.total)


async def _write(under_way: UnderWay, section: str, new: Sequence[Any]) -> None:
    # Spec: features/portability.md#PORT-015
    if section == "tasks":
        await task_writes.add_each(under_way.work, new, now=under_way.now)
    else:
        await getattr(under_way.work, section).add_each(new, now=under_way.now)


def _outcome(under_way: UnderWay, section: str, row: Any, *, there: Any, is_purged: bool) -> Outcome:
    """Tell what becomes of a thing, and note what others may refer to."""
    # Spec: features/portability.md#PORT-012
    if there is not None:
        _note_there(under_way, section, there)
        return Outcome.EQUAL if row is not None and there.document() == row.document() else Outcome.LEFT
    if row is None:
        return Outcome.PURGED
    if is_purged:
        under_way.instead[section][row.id] = None
        return Outcome.PURGED
    if row.deleted_at is not None:
        under_way.deleted[section].add(row.id)
        return Outcome.CREATED
    return _outcome_of_name(under_way, section, row) if section in _NAMED else Outcome.CREATED


def _note_there(under_way: UnderWay, section: str, there: Any) -> None:
    if section == "tasks":
        under_way.older.add(there.id)
        under_way.levels.pop(there.id, None)
    if there.deleted_at is not None:
        under_way.deleted[section].add(there.id)


def _outcome_of_name(under_way: UnderWay, section: str, row: Any) -> Outcome:
    """Take what has the name of another living one for that."""
    # Spec: features/portability.md#PORT-013
    other = under_way.names[section].setdefault(getattr(row, _NAMED[section]), row.id)
    if other == row.id:
        return Outcome.CREATED
    under_way.instead[section][row.id] = other
    return Outcome.MERGED


def _parts(ids: Iterator[UUID]) -> Iterator[list[UUID]]:
    while some := [*islice(ids, AT_ONCE)]:
        yield some
