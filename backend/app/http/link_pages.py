"""The small pages to which the links in mail lead: a form with a button, without a script, and what came of it.

To show one has no effect, so that whoever looks at links before their reader does uses none up.
"""

from collections.abc import Callable, Coroutine
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from app.config import Limit
from app.dependencies.limits import Admission, admit
from app.domain.errors import AgendumError

# They do what the operations below `/auth` do, and take from the same budget.
_ADMISSION = Admission(Limit.AUTH, None)
_TEMPLATE = Path(__file__).resolve().parents[1] / "static" / "link.html"
# The form goes to the page's own address, and nowhere else.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
}


class Field(NamedTuple):
    """A field of a form, as the browser shows it and fills it in."""

    name: str
    label: str
    kind: str
    complete: str


class LinkPage(NamedTuple):
    """What a link leads to: what it says, what it asks for, its button, and what it says when that was done."""

    title: str
    text: str
    fields: tuple[Field, ...]
    button: str
    done: str


class PageRoute(APIRoute):
    """A route that says a refusal as a page, which is what was asked for: there is a person at the other end."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def handle_or_tell(request: Request) -> Response:
            try:
                # Spec: features/limits.md#LIMIT-002
                await admit(request, _ADMISSION, bearer=None)
                return await handle(request)
            except AgendumError as refusal:
                # Spec: features/mail.md#MAIL-021
                text = f"{refusal.detail} To try again, go back to the page before."
                return _page("That did not work", text)

        return handle_or_tell


def asked(page: LinkPage, token: str, *, carries: str) -> Response:
    """Show the form of a link, which carries the token of its address in a field of this name."""
    # Spec: features/mail.md#MAIL-020
    hidden = f'<input type="hidden" name="{carries}" value="{escape(token)}">'
    inputs = "".join(map(_input, page.fields))
    button = f'<button class="button" type="submit">{escape(page.button)}</button>'
    return _page(
        page.title, page.text, form=f'    <form class="sheet" method="post">{hidden}{inputs}{button}</form>'
    )


def done(page: LinkPage) -> Response:
    """Show that what a link was for is done."""
    return _page("Done", page.done)


def _input(field: Field) -> str:
    about = f'type="{field.kind}" name="{field.name}" autocomplete="{field.complete}" required'
    return f"<label>{escape(field.label)}<input {about}></label>"


def _page(title: str, text: str, *, form: str = "") -> Response:
    content = _template().substitute(title=escape(title), text=escape(text), form=form)
    return HTMLResponse(content, headers=_HEADERS)


@cache
def _template() -> Template:
    return Template(_TEMPLATE.read_text("utf-8"))
