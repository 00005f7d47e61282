"""Whether a document of everything can be brought in, as far as it tells that itself. It reads nobody's rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.domain.faults import FieldError
from app.domain.fields import folded
from app.schemas.account_document import (
    SECTIONS,
    AccountDocument,
    CategoryPart,
    CommentPart,
    Part,
    ProfilePart,
    SavedFilterPart,
    TagPart,
    TaskPart,
)
from app.schemas.messages import field_errors
from app.services.account_faults import MOST_ERRORS, refuse
from app.services.task_references import DEEPEST
from app.utils.json_pieces import JsonPieces, LongItemError, Piece
from app.utils.spool import Spool

PARTS: Mapping[str, type[Part]] = {
    "categories": CategoryPart,
    "tags": TagPart,
    "tasks": TaskPart,
    "comments": CommentPart,
    "saved_filters": SavedFilterPart,
}
# As many ids may be referred to before they are given, or without being given at all.
MOST_AHEAD = 100_000
# No chain of parents in the trash is as long as this.
_FARTHEST = 50
_HEAD = {name: field for name, field in AccountDocument.model_fields.items() if name not in SECTIONS}


@dataclass
class Checked:
    """What a document says, found good as far as it goes by itself.

    Attributes:
        profile: The profile.
        lines: For each list, its things, a line each, in spools that are to be closed. Those of tasks are by their
            level, so that parents come first.
        ids: For each list, the ids of its things, each with its place.
        elsewhere: For each list, the ids that are referred to and stand elsewhere, each with where that is first done.
        total: How many things there are.
    """

    profile: ProfilePart
    lines: dict[str, list[Spool]]
    ids: dict[str, dict[UUID, int]]
    elsewhere: dict[str, dict[UUID, str]]
    total: int

    def close(self) -> None:
        """Forget everything that was kept."""
        for spools in self.lines.values():
            for spool in spools:
                spool.close()


@dataclass
class _Reading:
    """A document on its way in."""

    head: dict[str, Any] = field(default_factory=dict)
    spools: dict[str, Spool] = field(default_factory=lambda: {section: Spool() for section in SECTIONS})
    ids: dict[str, dict[UUID, int]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    # What is referred to and not given yet; at the end, what stands elsewhere.
    ahead: dict[str, dict[UUID, str]] = field(default_factory=lambda: {section: {} for section in SECTIONS})
    parents: dict[UUID, UUID] = field(default_factory=dict)
    living: set[UUID] = field(default_factory=set)
    errors: list[FieldError] = field(default_factory=list)

    def refuse(self, pointer: str, message: str) -> None:
        self.errors.append(FieldError(pointer, message))
        if len(self.errors) == MOST_ERRORS:
            refuse(self.errors)


def check(document: Spool) -> Checked:
    """Return what a document says; it takes a while, and is for a thread of its own.

    Raises:
        Invalid: It is none, with each field that is at fault by its JSON Pointer; of 20 no more is looked at.
        MalformedJSONError: It is no JSON object.
        RepeatedNameError: An object in it has a name twice.
    """
    # Spec: features/portability.md#PORT-010 features/portability.md#PORT-011
    reading = _Reading()
    try:
        return _checked(reading, document)
    finally:
        for spool in reading.spools.values():
            spool.close()


def _checked(reading: _Reading, document: Spool) -> Checked:
    document.rewind()
    pieces = JsonPieces(document.read)
    last = Piece("", None, None, is_list=False)
    try:
        for last in pieces:
            _take(reading, last)
    except LongItemError:
        following = "" if last.place is None else f"/{last.place + 1}"
        reading.refuse(f"/{last.name}{following}", "is longer than a mebibyte, or so is what follows it")
        refuse(reading.errors)
    profile = _head(reading)
    levels = _levels(reading)
    if reading.errors:
        refuse(reading.errors)
    lines = {section: [spool] for section, spool in reading.spools.items() if section != "tasks"}
    lines["tasks"] = _by_level(reading.spools.pop("tasks"), levels)
    for section in lines:
        reading.spools.pop(section, None)
    total = sum(len(ids) for ids in reading.ids.values())
    return Checked(profile, lines, reading.ids, reading.ahead, total)


def _take(reading: _Reading, piece: Piece) -> None:
    if piece.name not in PARTS:
        if piece.is_list or piece.name not in _HEAD:
            reading.refuse(
                "/" + piece.name[:64] if piece.name in _HEAD else "", "has a field that is not known"
            )
        reading.head[piece.name] = piece.value
    elif not piece.is_list:
        reading.refuse(f"/{piece.name}", "must be a list")
    elif piece.place is None:
        reading.head[piece.name] = []
    else:
        _take_thing(reading, piece, f"/{piece.name}/{piece.place}")


def _take_thing(reading: _Reading, piece: Piece, pointer: str) -> None:
    try:
        thing: Any = PARTS[piece.name].model_validate(piece.value)
    except ValidationError as error:
        _tell(reading, error, within=pointer)
        return
    if thing.id in reading.ids[piece.name]:
        reading.refuse(f"{pointer}/id", "is given before")
        return
    reading.ids[piece.name][thing.id] = piece.place or 0
    reading.ahead[piece.name].pop(thing.id, None)
    _take_name(reading, piece.name, thing, pointer=pointer)
    _take_references(reading, thing, pointer=pointer)
    if isinstance(thing, TaskPart):
        if thing.parent_id is not None:
            reading.parents[thing.id] = thing.parent_id
        if thing.deleted_at is None:
            reading.living.add(thing.id)
    reading.spools[piece.name].write(thing.model_dump_json().encode() + b"\n")


def _take_references(reading: _Reading, thing: Any, *, pointer: str) -> None:
    # Spec: features/portability.md#PORT-021
    for section, entity_id, name in references(thing):
        if entity_id not in reading.ids[section]:
            reading.ahead[section].setdefault(entity_id, f"{pointer}/{name}")
            if sum(map(len, reading.ahead.values())) > MOST_AHEAD:
                message = f"must not refer to more than {MOST_AHEAD:,} ids that are not given before it"
                refuse([*reading.errors, FieldError(f"{pointer}/{name}", message)])


def references(thing: Any) -> Iterator[tuple[str, UUID, str]]:
    """Give what a thing refers to: the list in which that is, its id, and the field."""
    if isinstance(thing, CommentPart):
        yield "tasks", thing.task_id, "task_id"
    if isinstance(thing, TaskPart):
        yield from (("tags", tag_id, "tag_ids") for tag_id in thing.tag_ids)
        if thing.category_id is not None:
            yield "categories", thing.category_id, "category_id"
        if thing.parent_id is not None:
            yield "tasks", thing.parent_id, "parent_id"


def _take_name(reading: _Reading, section: str, thing: Any, *, pointer: str) -> None:
    if (name := getattr(thing, "name", None)) is None or thing.deleted_at is not None:
        return
    known = folded(name) if section == "tags" else name
    if known in reading.names[section]:
        reading.refuse(f"{pointer}/name", "is the name of another one in the document")
    reading.names[section].add(known)


def _head(reading: _Reading) -> ProfilePart:
    """Return the profile, once everything around the lists is there."""
    try:
        document = AccountDocument.model_validate(reading.head)
    except ValidationError as error:
        _tell(reading, error, within="")
        refuse(reading.errors)
    return document.profile


def _levels(reading: _Reading) -> dict[UUID, int]:
    """Return the level of each task that has a parent in the document; of all others it is 0."""
    levels: dict[UUID, int] = {}
    for task_id in reading.parents:
        chain = [task_id]
        while (parent := reading.parents.get(chain[-1])) is not None and chain[-1] not in levels:
            if parent in chain or len(chain) > _FARTHEST:
                break
            chain.append(parent)
        else:
            _note_levels(reading, chain, levels)
            continue
        pointer = f"/tasks/{reading.ids['tasks'][task_id]}/parent_id"
        reading.refuse(pointer, "must not be the task itself or one below it, or too far above it")
    return levels


def _note_levels(reading: _Reading, chain: list[UUID], levels: dict[UUID, int]) -> None:
    """Note the levels of a chain of tasks from one up to one whose level is known, or which has no parent."""
    for task_id in reversed(chain):
        if (parent := reading.parents.get(task_id)) is None or task_id in levels:
            continue
        level = levels[task_id] = levels.get(parent, 0) + (parent in reading.ids["tasks"])
        if level > DEEPEST and task_id in reading.living:
            pointer = f"/tasks/{reading.ids['tasks'][task_id]}/parent_id"
            reading.refuse(pointer, f"must not make subtasks more than {DEEPEST} levels deep")


def _by_level(tasks: Spool, levels: Mapping[UUID, int]) -> list[Spool]:
    """Return the lines of tasks, parents before what is below them."""
    spools = [Spool() for _ in range(max(levels.values(), default=0) + 1)]
    begin = len(b'{"id":"')
    for line in tasks.lines():
        spools[levels.get(UUID(line[begin : begin + 36].decode()), 0)].write(line)
    tasks.close()
    return spools


def _tell(reading: _Reading, error: ValidationError, *, within: str) -> None:
    for one in error.errors(include_url=False):
        # A field of ours may have the name of a part of a request, which is left out of the names of fields.
        [fault] = field_errors([{**one, "loc": ("body", *one["loc"])}])
        step = "/" + fault.field.replace(".", "/") if one["loc"] else ""
        reading.refuse(within + step, fault.message)
