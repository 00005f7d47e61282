"""How long a revoked credential is still accepted: by the process that revoked it, and by another one on the database.

`PYTHONPATH=backend backend/.venv/bin/python -m bench.revocation`. It must not share memory between the two processes.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import httpx2

from app.database.embedded.other_run import url_of_other_run
from bench.servers import HOST, free_port, scratch_folder, serving

_ROUNDS = 3
_PASSWORD = "correct horse battery"  # noqa: S105 (of nobody)
_GIVE_UP = 90.0
_PAUSE = 0.02
# What revokes, and how it is taken back, so that the next round begins as this one did.
_VERBS = {"disable": "enable", "revoke-sessions": None}


async def main() -> None:
    """Print a line for each round: seconds until the process that was asked refuses, and until the other one does."""
    with scratch_folder() as folder:
        secret = "a secret for a measurement alone, 0123456789"  # noqa: S105
        common = {
            "PATH": os.environ["PATH"],
            "AGENDUM_DATA_DIR": str(folder / "data"),
            "BETTER_AUTH_SECRET": secret,
        }
        async with _service(common, folder / "first.log") as first:
            url = url_of_other_run(folder / "data" / "postgres")
            async with _service(common | {"DATABASE_URL": url}, folder / "second.log") as second:
                await _measure(first, second, common)


@asynccontextmanager
async def _service(environment: dict[str, str], log: Path) -> AsyncIterator[httpx2.AsyncClient]:
    port = free_port()
    command, seen = ("-m", "app", "serve"), environment | {"AGENDUM_PORT": str(port)}
    async with (
        serving(*command, port=port, environment=seen, log=log),
        httpx2.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=30) as client,
    ):
        yield client


async def _measure(
    first: httpx2.AsyncClient, second: httpx2.AsyncClient, environment: dict[str, str]
) -> None:
    for name in ("admin", "bob"):
        await first.post(
            "/auth/register", json={"email": f"{name}@example.com", "password": _PASSWORD, "name": name}
        )
    grant = [sys.executable, "-m", "app", "admin", "grant", "admin@example.com"]
    await asyncio.to_thread(
        subprocess.run, grant, env=environment | {"PYTHONPATH": "backend"}, check=True, capture_output=True
    )
    admin = await _token(first, "admin")
    for verb, back in _VERBS.items():
        for _round in range(_ROUNDS):
            # A token of a second before would be refused for its age alone.
            await asyncio.sleep(1.1)
            bob = await _token(first, "bob")
            user = (await second.get("/api/me", headers=bob)).json()["id"]
            await first.get("/api/me", headers=bob)
            await first.post(f"/api/users/{user}/{verb}", headers=admin)
            begun = monotonic()
            seconds = await asyncio.gather(
                *(_until_refused(client, bob, begun) for client in (first, second))
            )
            sys.stdout.write(
                f"{verb}: {seconds[0]:.2f} s in the process that did it, {seconds[1]:.2f} s in another\n"
            )
            if back is not None:
                await first.post(f"/api/users/{user}/{back}", headers=admin)


async def _token(client: httpx2.AsyncClient, name: str) -> dict[str, str]:
    login = await client.post("/auth/login", json={"email": f"{name}@example.com", "password": _PASSWORD})
    return {"Authorization": f"Bearer {login.json()['access_token']}"}


async def _until_refused(client: httpx2.AsyncClient, token: dict[str, str], begun: float) -> float:
    while (await client.get("/api/me", headers=token)).status_code == 200:
        if monotonic() - begun > _GIVE_UP:
            raise TimeoutError("it was never refused")
        await asyncio.sleep(_PAUSE)
    return monotonic() - begun


if __name__ == "__main__":
    asyncio.run(main())
