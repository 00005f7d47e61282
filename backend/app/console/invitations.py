"""Inviting people from the terminal, beside a running service or without one. It says who gets a mail."""

import asyncio
from typing import Annotated

import typer

from app.config import ConfigurationError, Settings
from app.console.telling import carefully
from app.domain.emails import email_address
from app.runtime import create_runtime
from app.server.process import database_beside
from app.services import invitations
from app.services.invitations import Invited
from app.workers import mail


def invite(
    *, email: Annotated[str, typer.Argument(metavar="EMAIL", help="Who may register with it.")]
) -> None:
    """Invite somebody to register, once and within a week; the link is shown, and sent if there is a mail server."""
    carefully(lambda settings: _invite(settings, email))


def _invite(settings: Settings, email: str) -> None:
    # Spec: features/users.md#USER-046
    try:
        address = email_address(email)
    except ValueError as wrong:
        raise ConfigurationError(f"EMAIL {wrong}") from None
    with database_beside(settings) as complete:
        invited = asyncio.run(_make(complete, address))
    sent = f"A mail to {address} is on its way." if invited.is_mailed else "No mail is sent."
    typer.echo(f"{sent}\nIt is good for {address} alone, once, for 7 days:\n\n{invited.link}")


async def _make(settings: Settings, address: str) -> Invited:
    async with create_runtime(settings) as runtime:
        invited = await invitations.invite(
            runtime.identity, address, mailing=runtime.mailing, now=runtime.clock()
        )
        if runtime.mailing.carrier is not None:
            # A service that runs would not look for it within the hour; what fails here is left to it.
            await mail.send_due(runtime, runtime.mailing.carrier)
        return invited
