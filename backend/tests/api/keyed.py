"""Sends requests with an `Idempotency-Key`, and compares their answers; it proves nothing by itself."""

from typing import Any

import httpx2

from tests.people import Person

TASK = {"title": "Pay rent"}
NOBODYS_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


async def send(
    person: Person, method: str, path: str, *, key: str = "8e03978e", body: Any = None, **headers: str
) -> httpx2.Response:
    """Send a request with a key."""
    return await person.client.request(method, path, json=body, headers={"Idempotency-Key": key, **headers})


async def create(person: Person, key: str = "8e03978e", **content: Any) -> httpx2.Response:
    """Create a task with a key."""
    return await send(person, "POST", "/api/tasks", key=key, body=TASK | content)


def told(response: httpx2.Response) -> tuple[object, ...]:
    """Return what a replay must have in common with the first answer."""
    own = ("x-request-id", "idempotency-replayed", "ratelimit", "ratelimit-policy")
    names = [name for name in response.headers if name not in own]
    return response.status_code, response.content, {name: response.headers[name] for name in names}


def replayed(response: httpx2.Response) -> bool:
    return response.headers.get("Idempotency-Replayed") == "true"
