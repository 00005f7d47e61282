"""How tokens and sessions are answered. What they are is the services' matter."""

from collections.abc import Sequence

from fastapi import Request, Response

from app.dependencies.refresh_cookie import cookie_of
from app.http.answers import JSON, json_of
from app.models.session import ShownSession
from app.schemas.sign_in import AccessRead, SessionList
from app.services.sessions import SignedIn


def signed_in(request: Request, given: SignedIn, *, in_body: bool) -> Response:
    """Answer with tokens; the refresh token is in the body, or in the cookie of a page."""
    # Spec: features/sessions.md#SESSION-020
    shown = given._asdict() | ({} if in_body else {"refresh_token": None})
    response = Response(json_of(AccessRead, shown), media_type=JSON)
    if not in_body:
        cookie_of(request).keep(response, given.refresh_token, seconds=given.refresh_expires_in)
    return response


def signed_out(request: Request) -> Response:
    """Answer somebody who has left, whose browser forgets the cookie."""
    response = Response(None, 204)
    cookie_of(request).drop(response)
    return response


def listed_sessions(found: Sequence[ShownSession]) -> Response:
    """Answer with sessions."""
    return Response(json_of(SessionList, {"items": found}), media_type=JSON)
