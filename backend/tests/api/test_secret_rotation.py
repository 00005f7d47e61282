"""Changing the secret without signing anybody out: what an older one has signed stays good, and a newer one signs."""

from contextlib import AbstractAsyncContextManager

import asyncpg
import httpx2
import pytest
from pydantic import SecretStr

from app.config import Settings
from tests.api.signing import Tokens, refresh, refreshed, status_of, tokens_of
from tests.api.tokens import assert_refused, serving
from tests.conftest import SECRET
from tests.people import Person

NEW = "another secret for tests alone, 9876543210"
Serve = dict[str, object]


@pytest.fixture
def rotated(
    settings: Settings, connection: asyncpg.Connection
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    """A client of the service after the secret was changed, with the old one beside the new one."""
    return serving(settings.model_copy(update={"listed_secrets": (SecretStr(NEW),)}), connection)


@pytest.fixture
def dropped(
    settings: Settings, connection: asyncpg.Connection
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    """A client of the service when the old secret is gone."""
    return serving(settings.model_copy(update={"secret": SecretStr(NEW)}), connection)


async def next_page(client: httpx2.AsyncClient, tokens: Tokens, cursor: str | None = None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    params = {"limit": "1"} | ({} if cursor is None else {"cursor": cursor})
    return await client.get("/api/tasks", headers=headers, params=params)


@pytest.mark.spec("SESSION-030")
async def test_a_new_secret_signs_nobody_out(
    client: httpx2.AsyncClient, ada: Person, rotated: AbstractAsyncContextManager[httpx2.AsyncClient]
) -> None:
    for _task in range(3):
        await ada.create_task()
    tokens = await tokens_of(client, ada)
    cursor = (await next_page(client, tokens)).json()["next_cursor"]
    async with rotated as after:
        assert await status_of(after, tokens) == 200
        second = await next_page(after, tokens, cursor)
        assert second.status_code == 200
        renewed = await refreshed(after, tokens)
        assert await status_of(after, renewed) == 200
        # What is signed from now on is signed by the new one, which the service before does not know.
        assert await status_of(client, renewed) == 401
        assert_refused(await refresh(client, renewed))
        assert (await next_page(client, tokens, second.json()["next_cursor"])).status_code == 422


@pytest.mark.spec("SESSION-030")
async def test_an_old_secret_that_is_gone_is_good_for_nothing(
    client: httpx2.AsyncClient,
    ada: Person,
    rotated: AbstractAsyncContextManager[httpx2.AsyncClient],
    dropped: AbstractAsyncContextManager[httpx2.AsyncClient],
) -> None:
    old = await tokens_of(client, ada)
    async with rotated as between:
        new = await tokens_of(between, ada)
    async with dropped as after:
        assert [await status_of(after, tokens) for tokens in (old, new)] == [401, 200]
        assert_refused(await refresh(after, old))
        assert (await refresh(after, new)).status_code == 200
    assert SECRET != NEW
