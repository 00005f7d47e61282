"""Who is calling, and with which scope a route asks for that. It opens nobody's rows."""

from fastapi import Request
from fastapi.security import HTTPBearer

from app.dependencies.cookies import session_cookie
from app.dependencies.parts import runtime_of
from app.domain.callers import Caller, Scope
from app.domain.errors import Unauthenticated

_KINDS = (
    "An access token of `/auth/login` (a JWT), a JWT of an issuer that is configured, a personal token of "
    "`/api/personal-tokens` (`agp_` and 49 digits and letters), or a signed session of Better Auth, where it is shared."
)


class BearerDependency(HTTPBearer):
    """What a route asks of its caller: a bearer token that has a scope, and others where it is of both.

    It is the security scheme itself and no dependency behind it: each step of a dependency costs as much as a
    middleware. What it gives the route, its subclasses say.

    Args:
        scope: What the token must allow.
        others: What else it must allow, for the few routes that are of the account and of what is in it.
    """

    def __init__(self, scope: Scope, *others: Scope) -> None:
        super().__init__(
            scheme_name="bearer",
            auto_error=False,
            description=_KINDS,
        )
        self.scope, self.others = scope, others

    async def find_caller(self, request: Request) -> Caller:
        """Return who is calling.

        Raises:
            Unauthenticated: There is no token.
            TokenInvalid: It is not acceptable.
            ScopeMissing: It does not allow what the route does.
            Unavailable: The token's issuer has never answered.
        """
        # Spec: features/auth.md#AUTH-009 features/auth.md#AUTH-012 features/portability.md#PORT-002
        caller = await caller_of(request)
        for scope in (self.scope, *self.others):
            caller.require(scope)
        return caller


async def caller_of(request: Request) -> Caller:
    """Return who is calling, whatever that allows; it is found once for a request.

    Raises:
        Unauthenticated: There is no token.
        TokenInvalid: It is not acceptable.
        ForeignOrigin: There is a cookie, and the page that sent it may not change anything.
        Unavailable: The token's issuer has never answered.
    """
    state = request.scope["state"]
    known: Caller | None = state.get("caller")
    if known is None:
        known = state["caller"] = await _recognised(request)
        state["user_id"] = known.person_id
    return known


async def _recognised(request: Request) -> Caller:
    # Spec: features/better-auth.md#BETTER-007
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_bearer = scheme.lower() == "bearer"
    if not is_bearer and (cookie := session_cookie(request)) is not None:
        return await runtime_of(request).recognise_cookie(cookie)
    return await runtime_of(request).recognise(_required(token if is_bearer else ""))


def _required(token: str) -> str:
    # Spec: features/auth.md#AUTH-008
    if not (token := token.strip()):
        raise Unauthenticated("A bearer token is required.")
    return token
