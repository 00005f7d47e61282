"""Somebody who does anything at all over the API, at random: every kind of thing, every kind of write.

It knows no rule.
"""

import random
from itertools import count
from typing import Any

import httpx2

from tests.people import Person

Ids = dict[str, list[str]]
_SUBJECTS = ("Rent", "Paint", "Train", "Café")


class Wanderer:
    """A person with chance for a guide.

    Args:
        person: Who it is.
        seed: What chance begins with.
        ids: The things that were made so far, by kind; several wanderers of one person share them.
    """

    def __init__(self, person: Person, seed: int, ids: Ids) -> None:
        self.person, self.chance, self.ids, self.number = (
            person,
            random.Random(seed),
            ids,
            count(seed * 1_000_000),
        )
        self.statuses: dict[int, int] = {}
        self.latest = 0

    async def step(self) -> None:
        """Do something, which may well be refused."""
        often = {
            self.make: 4,
            self.write: 5,
            self.remove: 2,
            self.recover: 3,
            self.revert: 2,
            self.batch: 1,
            self.purge: 1,
        }
        [deed] = self.chance.choices([*often], weights=[*often.values()])
        await deed()

    async def send(self, method: str, path: str, body: Any = None) -> httpx2.Response:
        """Send a request, and count what is answered."""
        response = await self.person.client.request(method, path, json=body)
        self.statuses[response.status_code] = self.statuses.get(response.status_code, 0) + 1
        assert response.status_code < 500, response.text
        return response

    def one(self, kind: str) -> str:
        """Return the id of one of the last things of a kind, which may have gone since."""
        return self.chance.choice(self.ids[kind][-10:])

    def named(self) -> str:
        """Return a name that nothing else has."""
        return f"{self.chance.choice(_SUBJECTS)} {next(self.number)}"

    def task(self) -> dict[str, Any]:
        """Return content of a task, of which each part may be missing."""
        whole = {
            "title": self.named(),
            "description": self.chance.choice([None, self.named()]),
            "priority": self.chance.choice(["none", "low", "urgent"]),
            "completed": self.chance.random() < 0.3,
            "due": self.chance.choice(
                [
                    None,
                    {"date": "2026-12-01"},
                    {"date": "2026-12-01", "time": "09:00", "timezone": "Asia/Tokyo"},
                ]
            ),
            "parent_id": self.chance.choice([None, self.one("tasks")]),
            "category_id": self.chance.choice([None, self.one("categories")]),
            "tag_ids": self.chance.sample(self.ids["tags"], min(2, len(self.ids["tags"]))),
        }
        return {name: whole[name] for name in self.chance.sample([*whole], self.chance.randint(1, 4))}

    async def make(self) -> None:
        """Make something."""
        kind = self.chance.choice(["tasks", "tasks", "tasks", "categories", "tags", "filters", "comments"])
        body = {"tasks": self.task() | {"title": self.named()}, "comments": {"body": self.named()}}.get(
            kind, {"name": self.named()}
        )
        if kind == "filters":
            body |= {"query": {"q": self.named()}}
        path = f"/api/tasks/{self.one('tasks')}/comments" if kind == "comments" else f"/api/{kind}"
        response = await self.send("POST", path, body)
        if response.status_code == 201:
            self.ids[kind].append(
                response.headers["Location"].removeprefix("/api/")
                if kind == "comments"
                else response.json()["id"]
            )

    async def write(self) -> None:
        """Change something."""
        task_id, other = self.one("tasks"), self.one("tasks")
        place = {self.chance.choice(["before", "after"]): other}
        add, remove = [self.one("tags")], [self.one("tags")]
        method, path, body = self.chance.choice(
            [
                ("PATCH", f"tasks/{task_id}", self.task()),
                ("PUT", f"tasks/{task_id}", self.task() | {"title": self.named()}),
                ("PATCH", f"tasks/{task_id}/complete", {"completed": self.chance.random() < 0.5}),
                ("PATCH", f"tasks/{task_id}/tags", {"add": add, "remove": remove}),
                ("POST", f"tasks/{task_id}/move", place),
                ("POST", f"categories/{self.one('categories')}/move", {"after": self.one("categories")}),
                ("PATCH", f"categories/{self.one('categories')}", {"name": self.named()}),
                ("PATCH", f"tags/{self.one('tags')}", {"name": self.named(), "color": "#112233"}),
                ("PATCH", f"filters/{self.one('filters')}", {"query": {"status": "open"}}),
                ("PATCH", self.one("comments"), {"body": self.named()}),
            ]
        )
        await self.send(method, f"/api/{path}", body)

    async def remove(self) -> None:
        """Move something to the trash."""
        fate = self.chance.choice(["", "?tasks=trash"])
        paths = [f"tasks/{self.one('tasks')}"] * 3 + [
            f"categories/{self.one('categories')}{fate}",
            f"tags/{self.one('tags')}",
        ]
        path = self.chance.choice([*paths, f"filters/{self.one('filters')}", self.one("comments")])
        await self.send("DELETE", f"/api/{path}")

    async def recover(self) -> None:
        """Bring something back from the trash, if there is anything."""
        if trash := (await self.send("GET", "/api/trash")).json()["items"]:
            await self.send("POST", f"/api/trash/{self.chance.choice(trash)['id']}/restore")

    async def purge(self) -> None:
        """Remove something in the trash for good, and seldom everything."""
        trash = (await self.send("GET", "/api/trash")).json()["items"]
        if trash and self.chance.random() < 0.9:
            await self.send("DELETE", f"/api/trash/{self.chance.choice(trash)['id']}")
        elif self.chance.random() < 0.3:
            await self.send("DELETE", "/api/trash")

    async def revert(self) -> None:
        """Undo one of the last changes, or any."""
        self.latest = (await self.send("GET", f"/api/changes?after={self.latest}&limit=100")).json()["last"]
        earliest = self.latest - self.chance.choice([2, 10, self.latest])
        await self.send("POST", f"/api/changes/{self.chance.randint(max(1, earliest), self.latest)}/revert")

    async def batch(self) -> None:
        """Send several operations at once."""
        operations: list[dict[str, Any]] = [
            {"op": "create", "temp_id": "new", "task": {"title": self.named()}},
            {"op": "update", "id": "new", "task": self.task()},
            {"op": "complete", "id": self.one("tasks")},
            {"op": "delete", "id": self.one("tasks")},
        ]
        await self.send("POST", "/api/tasks/bulk", {"operations": operations[: self.chance.randint(2, 4)]})
