"""What the tests of mail ask for: a service with a mail server, in a transaction, or on a database of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from fastapi import FastAPI

from app.services import mail_queue
from tests.mail.listener import Listener, listening
from tests.mail.post import Post, add_ada, posted
from tests.people import open_client


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening(Listener()) as listener:
        yield listener


@asynccontextmanager
async def _post(app: FastAPI, listener: Listener) -> AsyncIterator[Post]:
    before = app.state.runtime
    async with open_client(app) as client:
        post = Post(app, client, listener)
        app.state.runtime = replace(posted(before, listener.port), clock=post.now)
        yield post
    app.state.runtime = before


@pytest.fixture
async def post(app: FastAPI, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    """A service with a mail server, over the transaction of this test."""
    # One connection is lent over and over, for one mail after the other.
    monkeypatch.setattr(mail_queue, "AT_ONCE", 1)
    async with _post(app, listener) as post:
        yield post


@pytest.fixture
async def own_post(own_app: FastAPI, listener: Listener) -> AsyncIterator[Post]:
    """A service with a mail server, over a database of its own."""
    async with _post(own_app, listener) as post:
        yield post


@pytest.fixture
async def registered(post: Post) -> Post:
    """A service with Ada."""
    await add_ada(post)
    return post
