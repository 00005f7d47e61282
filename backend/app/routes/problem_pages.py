"""The pages that explain problems to people.

The `type` of a problem is the address of one. They show nothing of a request.
"""

import re
from functools import cache
from html import escape
from string import Template

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from app.domain.errors import NotFound
from app.http.explanations import TEXTS, Explanation, explanations
from app.routes.front import STATIC, STILL

router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("")
async def list_problems() -> HTMLResponse:
    """Show every kind of problem with its meaning."""
    return HTMLResponse(_index(), headers=STILL)


@router.get("/")
async def lead_to_problems() -> RedirectResponse:
    """Lead to the address without the slash; the new one is relative, so that it repeats nothing of the request."""
    # Spec: features/operations.md#OPS-053
    return RedirectResponse("../problems")


@router.get("/{kind}")
async def explain_problem(kind: str) -> HTMLResponse:
    """Show what a kind of problem means and what to do about it."""
    # Spec: features/operations.md#OPS-052
    return HTMLResponse(_page(_explanation(kind)), headers=STILL)


def _explanation(kind: str) -> Explanation:
    if (found := explanations().get(kind)) is None:
        raise NotFound("There is no such kind of problem.")
    return found


def _page(explained: Explanation) -> str:
    return _template("problem.html").substitute(
        {name: _marked(str(text)) for name, text in explained._asdict().items()}
    )


@cache
def _index() -> str:
    own = [(kind, explained) for kind, explained in explanations().items() if explained.code in TEXTS]
    return _template("problems.html").substitute(
        rows="\n".join(_row(kind, explained) for kind, explained in own)
    )


def _row(kind: str, explained: Explanation) -> str:
    link = f'<a href="/problems/{escape(kind)}"><code>{escape(explained.code)}</code></a>'
    term, meaning = f'<span class="status">{explained.status}</span>{link}', _marked(explained.meaning)
    return f"      <div><dt>{term}</dt><dd>{meaning}</dd></div>"


@cache
def _template(name: str) -> Template:
    return Template((STATIC / name).read_text("utf-8"))


def _marked(text: str) -> str:
    """Return a text as HTML, with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))
