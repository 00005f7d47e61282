"""An application with limits of a test's own, time that passes when the test says so, and clients at addresses."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from ipaddress import ip_network

import httpx2
from fastapi import FastAPI

from app.config.limits import LimitSettings
from app.utils.budgets import Budgets
from app.utils.window_storages import RedisWindows
from tests.people import Person, access_token

HOME, ELSEWHERE, PROXY = "203.0.113.7", "198.51.100.9", "10.0.0.1"


class Time:
    """A clock in seconds that stands still."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += seconds


def limit(app: FastAPI, text: str, *, redis: RedisWindows | None = None, trusted: str | None = None) -> Time:
    """Give the application limits as `AGENDUM_LIMITS` says them, and proxies to trust; return its clock."""
    time = Time()
    budgets = Budgets(LimitSettings(AGENDUM_LIMITS=text).limits, key=b"of a test", redis=redis, clock=time)
    networks = () if trusted is None else (ip_network(trusted),)
    app.state.runtime = replace(app.state.runtime, budgets=budgets, trusted_proxies=networks)
    return time


def client_at(
    app: FastAPI, address: str | None, **headers: str
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    """Return a client that connects from an address; None is a Unix socket."""
    # The types of the transport know no Unix socket; ASGI says that it is None.
    transport = httpx2.ASGITransport(app=app, client=address and (address, 1))  # type: ignore[arg-type]
    return httpx2.AsyncClient(transport=transport, base_url="http://agendum.test", headers=headers)


async def ask(app: FastAPI, address: str | None, *, forwarded: str = "") -> int:
    """Send a request below `/auth/` that is refused for its body, and return its status."""
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    async with client_at(app, address, **headers) as client:
        return (await client.post("/auth/login", json={})).status_code


async def log_in(app: FastAPI, email: str, password: str, *, address: str = HOME) -> httpx2.Response:
    """Try to log in from an address."""
    async with client_at(app, address) as client:
        return await client.post("/auth/login", json={"email": email, "password": password})


async def statuses(client: httpx2.AsyncClient, path: str, *, times: int) -> list[int]:
    """Read an address so often, and return the statuses."""
    return [(await client.get(path)).status_code for _time in range(times)]


def token_of(app: FastAPI, person: Person) -> str:
    """Return another token of a person."""
    return access_token(app.state.runtime, person.user_id, jti="another")
