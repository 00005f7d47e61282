"""What tests of export and import share: a life in an account, its document, and bringing one in. It asserts little."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import httpx2

from tests.people import Person

Document = dict[str, Any]
SECTIONS = ("categories", "tags", "tasks", "comments", "saved_filters")
DUE = {"date": "2026-12-01", "time": "09:00:00", "timezone": "Europe/Berlin"}
LONG_AGO, LATER = "2011-02-03T04:05:06.789012Z", "2012-03-04T05:06:07Z"


async def made(person: Person, path: str, **content: Any) -> dict[str, Any]:
    """Make something, and return it."""
    response = await person.client.post(path, json=content)
    assert response.status_code == 201, response.text
    thing: dict[str, Any] = response.json()
    return thing


async def live(person: Person) -> dict[str, Any]:
    """Give a person something of everything, the trash included; return the living task with most about it."""
    category = await made(person, "/api/categories", name="Home", color="#AABBCC")
    tags = [await made(person, "/api/tags", name=name) for name in ("errand", "Später")]
    parent = await person.create_task(title="Move \U0001f69a", category_id=category["id"])
    task = await person.create_task(
        title="Pack", description="a\nb", due=DUE, parent_id=parent["id"], tag_ids=[tag["id"] for tag in tags]
    )
    await person.client.patch(f"/api/tasks/{parent['id']}/complete")
    await made(person, f"/api/tasks/{task['id']}/comments", body="*soon*")
    gone = await person.create_task(title="Gone", tag_ids=[tags[0]["id"]], category_id=category["id"])
    await made(person, f"/api/tasks/{gone['id']}/comments", body="also gone")
    await person.client.delete(f"/api/tasks/{gone['id']}")
    query = {"tag": [tags[0]["id"]], "category_id": category["id"], "status": "open"}
    await made(person, "/api/filters", name="Soon", query=query)
    old = await made(person, "/api/tags", name="old")
    await person.client.delete(f"/api/tags/{old['id']}")
    await person.client.patch("/api/me", json={"time_zone": "Europe/Berlin", "language": "de"})
    return task


MOMENTS = {"created_at": LONG_AGO, "updated_at": LATER, "deleted_at": None}
HOME, ERRAND, PACK, GONE = (f"019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e{number:02d}" for number in range(4))
TASK = {
    "title": "Pack",
    "description": "a\nb",
    "completed_at": LATER,
    "priority": "high",
    "due": DUE,
    "start_date": None,
    "category_id": HOME,
    "parent_id": None,
    "position": "7a1",
    "tag_ids": [ERRAND],
}
ME = {"id": "x", "email": None, "name": "Ada", "time_zone": None, "language": "de", "week_start": "monday"}


def sample() -> Document:
    """Return a document that can be brought in, with something of everything."""
    place = {"color": None, "position": "7a1", "archived": False}
    document: Document = {
        "format": "agendum",
        "format_version": 1,
        "exported_at": LATER,
        "profile": ME | {"created_at": LATER},
        "categories": [{"id": HOME, "name": "Home"} | place | MOMENTS],
        "tags": [{"id": ERRAND, "name": "errand", "color": "#aabbcc"} | MOMENTS],
        "tasks": [
            {"id": PACK} | TASK | MOMENTS,
            {"id": GONE} | TASK | MOMENTS | {"parent_id": PACK, "deleted_at": LATER},
        ],
        "comments": [{"id": PACK, "task_id": PACK, "body": "*soon*"} | MOMENTS],
        "saved_filters": [
            {"id": PACK, "name": "Soon", "query": {"tag": [ERRAND], "status": "open"}} | MOMENTS
        ],
    }
    return deepcopy(document)


async def exported(person: Person) -> Document:
    """Return everything of a person."""
    response = await person.client.get("/api/me/export")
    assert response.status_code == 200, response.text
    document: Document = response.json()
    return document


async def brought(
    person: Person, document: object, headers: Mapping[str, str] | None = None, *, dry_run: bool = False
) -> httpx2.Response:
    """Bring a document in."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return await person.client.post(
        "/api/me/import",
        content=content,
        params={"dry_run": "true"} if dry_run else None,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def alike(document: Document) -> Document:
    """Return a document without what tells whose it is, and when it was made."""
    profile = {**document["profile"], "id": None, "email": None, "created_at": None}
    return document | {"exported_at": None, "profile": profile}


def counts(answer: dict[str, Any]) -> dict[str, int]:
    """Return how many things have become what, over all lists."""
    return {
        outcome: sum(answer[section][outcome] for section in SECTIONS)
        for outcome in ("created", "equal", "left", "merged", "purged")
    }
