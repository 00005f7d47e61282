"""What tests of undoing share: things of every kind in the change sequence, and how one change is undone.

It asserts no behaviour.
"""

from typing import Any

import httpx2

from tests.people import Person

DUE = {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"}
Content = dict[str, Any]
# Each entity of the sequence that has an address of its own: where, how it begins, and a change of it.
KINDS: dict[str, tuple[str, Content, Content]] = {
    "task": ("/api/tasks", {"title": "Pay rent"}, {"title": "Pay more"}),
    "category": ("/api/categories", {"name": "Home"}, {"name": "Garden", "archived": True}),
    "tag": ("/api/tags", {"name": "Urgent"}, {"name": "Later", "color": "#33aa66"}),
    "comment": ("/api/tasks/{task_id}/comments", {"body": "By transfer"}, {"body": "In cash"}),
    "saved_filter": (
        "/api/filters",
        {"name": "Errands", "query": {"status": "open"}},
        {"name": "Done", "query": {"status": "completed"}},
    ),
    "personal_token": (
        "/api/personal-tokens",
        {"name": "Backup", "scopes": ["tasks:read"]},
        {"name": "Backup at night"},
    ),
}


async def undo(person: Person, seq: object, **headers: str) -> httpx2.Response:
    """Undo a change."""
    return await person.client.post(f"/api/changes/{seq}/revert", headers=headers)


async def undone(person: Person, seq: int) -> Content:
    """Undo a change that can be undone, and return the change that did so."""
    response = await undo(person, seq)
    assert response.status_code == 200, response.text
    change: Content = response.json()
    return change


async def last(person: Person) -> int:
    """Return the number of the person's last change."""
    return len(await person.changes())


async def made(person: Person, kind: str, **content: Any) -> Content:
    """Make something of a kind, and return it."""
    path, usual, _ = KINDS[kind]
    response = await person.client.post(path, json=usual | content)
    assert response.status_code == 201, response.text
    thing: Content = response.json()
    return thing


async def sent(person: Person, method: str, path: str, **content: Any) -> int:
    """Send a write that must succeed, and return the number of its last change."""
    response = await person.client.request(method, path, json=content or None)
    assert response.is_success, response.text
    return await last(person)


async def read(person: Person, path: str) -> Content | None:
    """Read something, without what every write changes; None if it is not there."""
    response = await person.client.get(path)
    return None if response.status_code == 404 else response.json() | {"updated_at": None, "version": None}


async def begun(person: Person, kind: str) -> tuple[str, int]:
    """Make something of a kind, a comment on a task; return its address and the number of its creation."""
    path, usual, _ = KINDS[kind]
    within = path.format(task_id=(await person.create_task())["id"]) if kind == "comment" else path
    response = await person.client.post(within, json=usual)
    assert response.status_code == 201, response.text
    return f"{within}/{response.json()['id']}", await last(person)


def problem_of(response: httpx2.Response) -> tuple[int, str]:
    """Return the status and the code of a refusal."""
    return response.status_code, response.json()["code"]
