"""Signing in, refreshing and out over HTTP, as tests do it, at moments of their choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx2
import time_machine

from tests.people import PASSWORD, Person

Tokens = dict[str, Any]


async def log_in(client: httpx2.AsyncClient, person: Person, **more: Any) -> httpx2.Response:
    """Log a person in."""
    body = {"email": f"{person.user_id}@example.com", "password": PASSWORD} | more
    return await client.post("/auth/login", json=body)


async def tokens_of(client: httpx2.AsyncClient, person: Person) -> Tokens:
    """Log a person in, and return the tokens."""
    response = await log_in(client, person)
    assert response.status_code == 200, response.text
    tokens: Tokens = response.json()
    return tokens


async def refresh(client: httpx2.AsyncClient, tokens: Tokens) -> httpx2.Response:
    """Send a refresh token."""
    return await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})


async def refreshed(client: httpx2.AsyncClient, tokens: Tokens) -> Tokens:
    """Send a refresh token, and return the next tokens."""
    response = await refresh(client, tokens)
    assert response.status_code == 200, response.text
    renewed: Tokens = response.json()
    return renewed


async def status_of(client: httpx2.AsyncClient, tokens: Tokens) -> int:
    """Return how a request with an access token is answered."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await client.get("/api/tasks", headers=headers)).status_code


@contextmanager
def at(began: datetime, *, seconds: float = 0, days: float = 0) -> Iterator[None]:
    """Let the clock stand at so long after a moment."""
    with time_machine.travel(began + timedelta(seconds=seconds, days=days), tick=False):
        yield
