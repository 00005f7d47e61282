"""Who may watch the service: whoever has the token for it. It knows no person."""

import hmac
from typing import Annotated

from fastapi import Depends, Request

from app.dependencies.parts import runtime_of
from app.domain.errors import NotFound, TokenInvalid
from app.runtime import Runtime


async def watched(request: Request) -> Runtime:
    """Return the parts of the process, for whoever watches them.

    Raises:
        NotFound: No token for that is configured.
        TokenInvalid: The token is not that one.
    """
    # Spec: features/observability.md#OBS-001
    configured = request.app.state.metrics_token
    if configured is None:
        raise NotFound("There is nothing at this address.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode(), configured.get_secret_value().encode())
    if scheme.lower() != "bearer" or not is_right:
        raise TokenInvalid("The token for metrics is missing or wrong.")
    return runtime_of(request)


Watched = Annotated[Runtime, Depends(watched)]
