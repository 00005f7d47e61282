"""Walk at random through writes, deletions, restorations and undoings, each held against a model of undoing."""

import random
from itertools import count
from typing import Any

import pytest

from tests.api.undoing import KINDS, last, undo
from tests.people import Person
from tests.walks.undo_model import IN_TRASH, Thing

STEPS = 220
Content = dict[str, Any]


def plain(document: Content | None) -> Content | None:
    """Return a document of a change without the moment of a deletion."""
    if document is None or document.get("deleted_at") is None:
        return document
    return {**document, "deleted_at": IN_TRASH}


# A personal token that is revoked stays so, whatever is undone: that has tests of its own.
UNDOABLE = {kind: some for kind, some in KINDS.items() if kind != "personal_token"}


class Walk:
    """A person, what the person has made, and what the model says of it."""

    def __init__(self, person: Person, seed: int) -> None:
        self.person, self.chance, self.number = person, random.Random(seed), count(1)
        self.things: dict[str, Thing] = {}
        self.paths: dict[str, str] = {}
        self.changes: list[Content] = []
        self.outcomes: dict[int, int] = {200: 0, 409: 0}

    async def begin(self) -> None:
        """Make two things of each kind."""
        task = await self.person.create_task()
        await self.learn()
        for kind, (path, content, _) in [*UNDOABLE.items()] * 2:
            within = path.format(task_id=task["id"])
            named = {name: self.another(value) for name, value in content.items()}
            response = await self.person.client.post(within, json=named)
            self.paths[response.json()["id"]] = f"{within}/{response.json()['id']}"
            await self.learn()
            assert self.changes[-1]["entity"] == kind

    async def learn(self) -> list[Content]:
        """Read the changes since, which were written by hand, and tell the model."""
        new = await self.person.changes(after=len(self.changes))
        for change in new:
            after = plain(change["after"]) or {}
            if change["before"] is None:
                self.things[change["entity_id"]] = Thing(change["seq"], after)
            else:
                self.things[change["entity_id"]].write(change["seq"], after)
        self.changes += new
        return new

    def another(self, value: object) -> object:
        """Return another value of the same kind; texts are never used twice."""
        return (
            f"{self.chance.choice(['Rent', 'Paint'])} {next(self.number)}"
            if isinstance(value, str)
            else value
        )

    async def write(self) -> None:
        """Write something by hand, if it can be written."""
        entity_id, path = self.chance.choice([*self.paths.items()])
        kind = next(change["entity"] for change in self.changes if change["entity_id"] == entity_id)
        deed = self.chance.choice(["change", "change", "change", "delete", "restore"])
        if deed == "delete":
            await self.person.client.delete(path)
        elif deed == "restore":
            await self.person.client.post(path.replace("/tasks/", "/trash/") + "/restore")
        elif kind == "task":
            body = {
                "title": self.another(""),
                "priority": self.chance.choice(["low", "high"]),
                "completed": self.chance.random() < 0.5,
            }
            some = self.chance.sample([*body], self.chance.randint(1, 3))
            await self.person.client.patch(path, json={name: body[name] for name in some})
        else:
            content = {name: self.another(value) for name, value in KINDS[kind][2].items()}
            await self.person.client.patch(path, json=content)
        await self.learn()

    async def undo_one(self) -> None:
        """Undo a change, often a late one, and compare what came of it with what must."""
        latest = len(self.changes)
        seq = self.chance.randint(max(1, latest - self.chance.choice([3, 10, latest])), latest)
        change = self.changes[seq - 1]
        thing, before = self.things[change["entity_id"]], plain(change["before"])
        response = await undo(self.person, seq)
        hidden = change["entity"] == "comment" and self.task_is_in_the_trash()
        wanted = 200 if not hidden and self.allowed(thing, seq, before=before) else 409
        assert response.status_code == wanted, (seq, response.text, self.changes)
        self.outcomes[wanted] += 1
        if wanted == 200:
            new = response.json()
            assert (new["reverts"], new["seq"], new["entity_id"]) == (seq, latest + 1, change["entity_id"])
            names = ["deleted_at"] if before is None else [*before]
            assert plain(new["after"]) == thing.undo(seq, names, by=new["seq"]), (seq, self.changes)
            self.changes.append(new)

    def task_is_in_the_trash(self) -> bool:
        """Tell whether the task that all comments are on is in the trash."""
        return self.things[self.changes[0]["entity_id"]].content()["deleted_at"] is not None

    def allowed(self, thing: Thing, seq: int, *, before: Content | None) -> bool:
        """Tell whether the model lets a change be undone."""
        current = thing.content()
        restores = before is not None and before.get("deleted_at", "") is None
        if current["deleted_at"] is not None and not restores:
            return False
        if before is not None and before.items() <= current.items():
            return False
        return thing.can_undo(seq, thing.fields if before is None else before)

    async def compare(self) -> None:
        """Compare everything that is living with the model."""
        for entity_id, path in self.paths.items():
            response, content = await self.person.client.get(path), self.things[entity_id].content()
            if content["deleted_at"] is not None or ("/comments/" in path and self.task_is_in_the_trash()):
                assert response.status_code == 404
            else:
                shown = response.json()
                assert {name: shown[name] for name in content} == content


@pytest.mark.spec("UNDO-002", "UNDO-005", "UNDO-009")
@pytest.mark.parametrize("seed", range(6))
async def test_undoing_does_what_the_model_does(ada: Person, seed: int) -> None:
    walk = Walk(ada, seed)
    await walk.begin()
    for _ in range(STEPS):
        await (walk.undo_one() if walk.chance.random() < 0.6 else walk.write())
    await walk.compare()
    assert await last(ada) == min(len(walk.changes), 100)
    assert min(walk.outcomes.values()) > 10, walk.outcomes
