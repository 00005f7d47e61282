"""How a page of a list is answered. What comes as JSON from the database is put into the page as it is."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from fastapi import Response

from app.dependencies.pages import PageRequest
from app.domain.paging import COUNTED, Listing
from app.http.answers import JSON, json_of
from app.models.change import AuditRow, ChangeRow
from app.repositories.tasks import TreeNode
from app.schemas.base import Output
from app.services.administration import Acts
from app.services.changes import Followed


def listed(page: PageRequest, shape: type[Output], found: Listing[Any]) -> Response:
    """Answer with a page of rows; `shape` is that of the page."""
    return Response(json_of(shape, _page(page, found)), media_type=JSON)


def listed_texts(page: PageRequest, found: Listing[str]) -> Response:
    """Answer with a page whose items are texts of JSON objects."""
    return _response({**_page(page, found), "items": [orjson.Fragment(item) for item in found.items]})


def followed_changes(followed: Followed | Acts) -> Response:
    """Answer with changes in their order; `before` and `after` of each are texts of JSON objects."""
    items = [_change(row) for row in followed.changes]
    return _response({"items": items, "last": followed.last, "has_more": followed.has_more})


def nested(nodes: Sequence[TreeNode]) -> Response:
    """Answer with a tree: each node with its children, of which the body is the text of a JSON object.

    Args:
        nodes: The root first, and each node before those below it.
    """
    children: dict[UUID | None, list[str]] = defaultdict(list)
    # From the deepest level up, so that every node's children are whole when the node is written.
    for node in reversed(nodes[1:]):
        children[node.parent_id].append(_with_children(node, children))
    return Response(_with_children(nodes[0], children), media_type=JSON)


def _with_children(node: TreeNode, children: dict[UUID | None, list[str]]) -> str:
    below = ",".join(reversed(children.pop(node.id, [])))
    return f'{node.body[:-1]},"children":[{below}]}}'


def _page(page: PageRequest, found: Listing[Any]) -> dict[str, Any]:
    """Return a slice of a list with what a client needs to go on."""
    # Spec: features/finding.md#FIND-001
    exact = page.part.exact or found.total <= COUNTED
    return {
        "items": found.items,
        "total": found.total if exact else COUNTED,
        "total_exact": exact,
        "limit": page.part.limit,
        "offset": page.part.offset,
        "has_more": found.last is not None,
        "next_cursor": None if found.last is None else page.sign(found.last),
    }


def _change(row: ChangeRow | AuditRow) -> dict[str, Any]:
    return {**row._asdict(), "before": _fragment(row.before), "after": _fragment(row.after)}


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def _response(page: dict[str, Any]) -> Response:
    # The driver's UUID is a class of its own, which orjson does not know.
    return Response(orjson.dumps(page, default=str, option=orjson.OPT_UTC_Z), media_type=JSON)
