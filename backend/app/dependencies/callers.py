"""Who is calling, from a verified bearer token. It opens nobody's rows."""

import hashlib
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.dependencies.bodies import JsonRequest
from app.dependencies.parts import runtime_of
from app.domain.errors import TokenInvalid, Unauthenticated, Unavailable
from app.runtime import Runtime
from app.services import accounts
from app.utils.jwks import KeysUnavailable
from app.utils.jwt import InvalidToken

REMEMBERED_SECONDS = 60.0


class BearerCaller(HTTPBearer):
    """Gives the caller's user id, from a verified bearer token.

    It is the security scheme itself and no dependency behind it: each step of a dependency costs as much as a middleware.
    """

    def __init__(self) -> None:
        super().__init__(
            scheme_name="bearer",
            bearerFormat="JWT",
            auto_error=False,
            description="An access token of `/auth/login`, or of an issuer that is configured.",
        )

    async def __call__(self, request: Request) -> str:  # type: ignore[override]
        """Return the user id.

        Raises:
            Unauthenticated: There is no token.
            TokenInvalid: It is not acceptable.
            Unavailable: The token's issuer has never answered.
        """
        # Spec: features/auth.md#AUTH-008 features/auth.md#AUTH-009
        if isinstance(request, JsonRequest) and request.user_id is not None:
            return request.user_id  # Known since before the body was gathered.
        if (credentials := await super().__call__(request)) is None:
            raise Unauthenticated("A bearer token is required.")
        token = credentials.credentials
        key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        user_id = runtime_of(request).callers.recall(key) or await _verify(token, key, parts=runtime_of(request))
        request.state.user_id = user_id
        return user_id


async def _verify(token: str, key: bytes, *, parts: Runtime) -> str:
    # Spec: features/auth.md#AUTH-010
    moment = parts.clock()
    try:
        claims = await parts.verifiers.verify(token, now=moment)
    except InvalidToken as error:
        raise TokenInvalid("The bearer token is not acceptable.") from error
    except KeysUnavailable as error:
        raise Unavailable("The issuer of the token is not answering; please try again shortly.") from error
    person = await accounts.recognise(parts.identity, claims, now=moment)
    left = (claims.expires_at - moment).total_seconds()
    parts.callers.keep(key, person.user_id, seconds=min(left, REMEMBERED_SECONDS))
    return person.user_id


Caller = Annotated[str, Depends(BearerCaller())]
