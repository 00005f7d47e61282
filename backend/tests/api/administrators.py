"""Administrators for tests, and what they do."""

from typing import Any

import httpx2

from tests.people import Person

PUBLIC = {"id", "issuer", "email", "name", "role", "created_at", "updated_at", "email_verified_at"}
PUBLIC |= {"disabled_at", "tokens_valid_from", "version"}


async def act(admin: Person, person: Person, verb: str, **headers: str) -> httpx2.Response:
    """Do something to somebody."""
    return await admin.client.post(f"/api/users/{person.user_id}/{verb}", headers=headers)


async def acts(admin: Person, after: int = 0) -> list[dict[str, Any]]:
    """Return what was done after a number."""
    answer = await admin.client.get("/api/audit", params={"after": after})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Return how something was refused."""
    return answer.status_code, answer.json()["code"]
