"""The commands of `agendum admin`: who is an administrator. They need no service, and may run beside one."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import typer

from app.config import Settings
from app.console.telling import carefully
from app.domain.changes import Source
from app.models.account import UserRow
from app.repositories.administration import Administration, acting, administering
from app.runtime import create_runtime
from app.server.process import database_beside
from app.services import administration

administrators = typer.Typer(name="admin", help="For whoever runs the service.", no_args_is_help=True)
Named = Annotated[
    str,
    typer.Argument(
        metavar="EMAIL",
        help="The e-mail of somebody who registered here, or the id of anybody (GET /api/me).",
    ),
]


class _Act(Protocol):
    def __call__(self, work: Administration, user_id: UUID, *, now: datetime) -> Awaitable[UserRow]: ...


@administrators.command("grant")
def grant(person: Named) -> None:
    """Make somebody an administrator."""
    carefully(lambda settings: _act(settings, person, administration.grant))
    typer.echo(f"{person} is an administrator.")


@administrators.command("revoke")
def revoke(person: Named) -> None:
    """Make an administrator an ordinary person, at once or within a minute."""
    carefully(lambda settings: _act(settings, person, administration.revoke))
    typer.echo(f"{person} is no administrator.")


def _act(settings: Settings, person: str, act: _Act) -> None:
    # Spec: features/administration.md#ADMIN-001
    with database_beside(settings) as complete:
        asyncio.run(_act_on(complete, person, act))


async def _act_on(settings: Settings, person: str, act: _Act) -> None:
    async with create_runtime(settings) as runtime:
        user_id = await administration.identify(runtime.identity, person)
        origin = acting(administration.CONSOLE, Source.CONSOLE)
        async with administering(runtime.database, origin, now=runtime.clock()) as work:
            await act(work, user_id, now=runtime.clock())
