"""The cookie in which a page of the same origin keeps its refresh token, and which pages may have it used.

It is no credential of any other address than those below `/auth`.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends, Request, Response
from starlette.datastructures import Headers

from app.dependencies.callers import caller_of
from app.domain.account_errors import ForeignOrigin
from app.domain.callers import Caller
from app.domain.errors import Unauthenticated
from app.schemas.sign_in import Login, RefreshRequest

_PATH = "/auth"


@dataclass(frozen=True, slots=True)
class RefreshCookie:
    """The cookie of the application.

    Attributes:
        secure: Whether browsers send it over TLS alone, and take it from nothing else.
        origins: Those whose pages may use it beside our own, as browsers write them.
    """

    secure: bool
    origins: frozenset[str]

    @property
    def name(self) -> str:
        """The name; the prefix makes browsers keep to `Secure`."""
        return "__Secure-agendum_refresh" if self.secure else "agendum_refresh"

    def find(self, request: Request) -> str | None:
        """Return the refresh token that came in the cookie, or None.

        Raises:
            ForeignOrigin: One came, and no page that may use it has sent it.
        """
        # Spec: features/sessions.md#SESSION-020 features/sessions.md#SESSION-021
        token = request.cookies.get(self.name)
        if token:
            self.require_known_page(request.headers)
        return token or None

    def require_known_page(self, headers: Headers) -> None:
        """Refuse what no page of our own or of a configured origin asks.

        Raises:
            ForeignOrigin: It is of another page, or nothing tells of which.
        """
        # Spec: features/sessions.md#SESSION-021
        origin = headers.get("origin")
        is_own = headers.get("sec-fetch-site") == "same-origin"
        # The host alone counts: a proxy may speak TLS for us.
        is_here = origin is not None and origin.partition("://")[2] == headers.get("host")
        if not (is_own or is_here or origin in self.origins):
            raise ForeignOrigin("A page of this origin may not use the cookie.")

    def keep(self, response: Response, token: str, *, seconds: int) -> None:
        """Put a refresh token into the cookie."""
        # Spec: features/sessions.md#SESSION-020
        response.set_cookie(
            self.name,
            token,
            max_age=seconds,
            path=_PATH,
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def drop(self, response: Response) -> None:
        """Make the browser forget the cookie."""
        response.delete_cookie(self.name, path=_PATH, secure=self.secure, httponly=True, samesite="strict")


class Presented(NamedTuple):
    """A refresh token as it came: in the body, or in the cookie."""

    token: str
    in_body: bool


def cookie_of(request: Request) -> RefreshCookie:
    """Return the cookie of the application that serves a request."""
    cookie: RefreshCookie = request.app.state.refresh_cookie
    return cookie


async def presented(request: Request, body: RefreshRequest) -> Presented:
    """Return the refresh token of a request: that of the body, or else that of the cookie.

    Raises:
        Unauthenticated: There is none.
        ForeignOrigin: A cookie came, and no page that may use it has sent it.
    """
    # Spec: features/sessions.md#SESSION-005 features/sessions.md#SESSION-020
    token = body.refresh_token or cookie_of(request).find(request)
    if token is None:
        raise Unauthenticated("A refresh token is required.")
    return Presented(token, in_body=body.refresh_token is not None)


async def leaver(request: Request, body: RefreshRequest | None = None) -> Caller | str:
    """Return by what somebody leaves: a refresh token, of the body or the cookie, or else a bearer token.

    Raises:
        Unauthenticated: There is neither.
        ForeignOrigin: A cookie came, and no page that may use it has sent it.
        TokenInvalid: The bearer token is not acceptable.
    """
    # Spec: features/sessions.md#SESSION-011
    given = body.refresh_token if body is not None else None
    return given or cookie_of(request).find(request) or await caller_of(request)


async def login_from(request: Request, body: Login) -> Login:
    """Return a login; one that asks for the cookie must be a known page's.

    Raises:
        ForeignOrigin: It is of another page, or nothing tells of which.
    """
    # Spec: features/sessions.md#SESSION-021
    if body.cookie:
        cookie_of(request).require_known_page(request.headers)
    return body


LoginFrom = Annotated[Login, Depends(login_from)]
RefreshFrom = Annotated[Presented, Depends(presented)]
Leaver = Annotated[Caller | str, Depends(leaver)]
