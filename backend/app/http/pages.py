"""How a page of a list is answered: what comes as JSON from the database is put into the page as it is."""

from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Response

from app.models.change import ChangeRow


def task_page(page: Mapping[str, Any]) -> Response:
    """Return the response of a page whose `items` are texts of JSON objects."""
    return _response({**page, "items": [orjson.Fragment(item) for item in page["items"]]})


def change_page(page: Mapping[str, Any]) -> Response:
    """Return the response of a page of changes, whose `before` and `after` are texts of JSON objects."""
    return _response({**page, "items": [_change(row) for row in page["items"]]})


def _change(row: ChangeRow) -> dict[str, Any]:
    return {**row._asdict(), "before": _fragment(row.before), "after": _fragment(row.after)}


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def _response(page: Mapping[str, Any]) -> Response:
    # The driver's UUID is a class of its own, which orjson does not know.
    return Response(orjson.dumps(page, default=str, option=orjson.OPT_UTC_Z), media_type="application/json")
