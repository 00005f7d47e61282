"""A service whose mail goes to a listener, and what a person does with what came. It judges nothing."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from fastapi import FastAPI
from uuid_utils.compat import uuid7

from app.config import Registration
from app.models.account import AccountRow
from app.runtime import Runtime
from app.services.mailing import Mailing
from app.utils.carriers import Carrier
from app.utils.smtp import Server, SmtpCarrier
from app.workers import mail
from tests.mail.listener import Listener, Received
from tests.people import PASSWORD, PASSWORD_HASH

ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
LOGIN = {name: ADA[name] for name in ("email", "password")}
NEW_PASSWORD = "another horse battery"
PUBLIC = "https://tasks.example"
_TOKEN = re.compile(r"\?token=([\w-]+)")


@dataclass
class Post:
    """A service with a mail server, and a clock that a test can put forward."""

    app: FastAPI
    client: httpx2.AsyncClient
    listener: Listener
    late: timedelta = timedelta()

    @property
    def runtime(self) -> Runtime:
        """The parts of the process."""
        runtime: Runtime = self.app.state.runtime
        return runtime

    def now(self) -> datetime:
        """Return the moment that the service believes in."""
        return datetime.now(UTC) + self.late

    async def deliver(self, *, carrier: Carrier | None = None) -> float:
        """Send what is due, as the worker does, and return when it looks again."""
        taking = carrier or self.runtime.mailing.carrier
        assert taking is not None
        return await mail.send_due(self.runtime, taking)

    async def collect(self) -> list[Received]:
        """Send what is due, and return what came since the last time."""
        await self.deliver()
        came = list(self.listener.mail)
        self.listener.mail.clear()
        return came

    async def token(self) -> str:
        """Send what is due, and return the token of the one mail with a link."""
        [token] = [found[1] for mail in await self.collect() if (found := _TOKEN.search(text_of(mail)))]
        return token

    async def register(self, **changes: Any) -> httpx2.Response:
        """Register Ada."""
        return await self.client.post("/auth/register", json=ADA | changes)

    async def log_in(self, **changes: Any) -> httpx2.Response:
        """Log Ada in."""
        return await self.client.post("/auth/login", json=LOGIN | changes)

    async def caller(self, **changes: Any) -> dict[str, str]:
        """Log Ada in, and return the header that says so."""
        token = (await self.log_in(**changes)).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}


def posted(runtime: Runtime, port: int, **changes: Any) -> Runtime:
    """Return the same parts with a mail server on a port of the loopback."""
    carrier = SmtpCarrier(Server("127.0.0.1", port, starttls=False), sender="agendum@tasks.example")
    mailing = Mailing(carrier, "Agendum <agendum@tasks.example>", PUBLIC)
    return replace(runtime, mailing=mailing, **changes)


async def add_ada(post: Post) -> str:
    """Register Ada, without the cost of a password, and return her id."""
    account = AccountRow(str(uuid7()), ADA["email"], ADA["name"], datetime.now(UTC))
    async with post.runtime.identity.open_register() as directory:
        assert await directory.register(account, password_hash=PASSWORD_HASH) is not None
    return account.user_id


def set_registration(post: Post, mode: Registration) -> None:
    """Say who may register."""
    post.app.state.runtime = replace(post.runtime, registration=mode)


def text_of(mail: Received) -> str:
    """Return what a mail says."""
    text: str = mail.message.get_content()
    return text
