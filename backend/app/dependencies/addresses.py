"""The address of whoever asks, the one that everything goes by. It counts nothing."""

from typing import Annotated

from fastapi import Depends, Request

from app.dependencies.parts import runtime_of
from app.services.failed_logins import Attempt
from app.utils import addresses


def client_address(request: Request) -> str:
    """Return the address of the client, behind the proxies of `AGENDUM_TRUSTED_PROXIES` alone."""
    # Spec: features/limits.md#LIMIT-020
    trusted = runtime_of(request).trusted_proxies
    forwarded = request.headers.getlist("X-Forwarded-For") if trusted else ()
    peer = request.client
    return addresses.client_address(peer and peer.host, forwarded, trusted=trusted)


async def _address(request: Request) -> str:
    return client_address(request)


async def _attempt(request: Request) -> Attempt:
    return Attempt(runtime_of(request).budgets, client_address(request))


ClientAddress = Annotated[str, Depends(_address)]
PasswordAttempt = Annotated[Attempt, Depends(_attempt)]
