"""How an owner makes what an address or a body names.

An operation that names something else fails until it has a line here.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from uuid_utils.compat import uuid7

from tests.guards.operations import OWN, Operation
from tests.people import Person

PARAMETER = re.compile(r"{(\w+)}")
CANARY = "A7f3e is written by its owner alone"
Values = dict[str, str]


class Recipe(NamedTuple):
    """What is sent where to make a thing, which answers with its id; `names` are the fields that show whose it is."""

    path: str
    names: tuple[str, ...]
    more: tuple[tuple[str, Any], ...] = ()

    def body(self, user_id: str) -> dict[str, Any]:
        """Return what is sent: with names that nothing else has."""
        text = f"{CANARY}: {user_id} {uuid7()}"
        given = {
            name: value.format(unique=uuid7()) if isinstance(value, str) else value
            for name, value in self.more
        }
        return {**dict.fromkeys(self.names, text), **given}


# One line for each path parameter.
RECIPES: Mapping[str, Recipe] = {
    "task_id": Recipe("/api/tasks", ("title", "description")),
    "category_id": Recipe("/api/categories", ("name",)),
    "tag_id": Recipe("/api/tags", ("name",)),
    "comment_id": Recipe("/api/tasks/{task_id}/comments", ("body",)),
    "filter_id": Recipe("/api/filters", ("name",), (("query", {}),)),
    "token_id": Recipe("/api/personal-tokens", ("name",), (("scopes", ["tasks:read"]),)),
    # Somebody else, whom an administrator does something to.
    "user_id": Recipe(
        "/auth/register", ("name",), (("email", "{unique}@example.com"), ("password", "correct horse"))
    ),
    # The number of a change, of which each person has their own.
    "seq": Recipe("/api/tasks", ("title", "description")),
}
NUMBERS = {"seq"}
PEOPLE = {"user_id"}
# What is made without an address that makes it, by a method of the person: its name is a parameter of that.
SIGNED_IN = {"session_id"}
# What an id in a body or a query is of, by its name; "before" and "after" name another one of what the address names.
REFERENCES: Mapping[str, str] = {
    "category_id": "category_id",
    "parent_id": "task_id",
    "task_id": "task_id",
    "tag_ids": "tag_id",
    "tag": "tag_id",
    "add": "tag_id",
    "remove": "tag_id",
    "id": "task_id",
    "before": "",
    "after": "",
}
# Ids that the client chooses: such an id is free for whoever has none of it.
CHOSEN = {"id", "operations.create.task.id"}
# What no schema says that an operation of a batch needs as well.
ALSO: Mapping[str, dict[str, str]] = {"operations.move.id": {"after": OWN}}
# What takes whole documents, whose ids refer within them first: it has tests of its own.
DOCUMENTS = {"POST /api/me/import"}
# A name that means something to one request alone.
NO_IDS = {"temp_id"}


async def make(owner: Person, kind: str, known: Mapping[str, str] | None = None) -> str:
    """Make what a path parameter names, below what is known already or else below something new, and return its id."""
    if kind in SIGNED_IN:
        return str(await owner.start_session(device=f"{CANARY}: {owner.user_id}"))
    recipe, values = RECIPES[kind], dict(known or {})
    for above in PARAMETER.findall(recipe.path):
        values[above] = values.get(above) or await make(owner, above)
    response = await owner.client.post(recipe.path.format_map(values), json=recipe.body(owner.user_id))
    assert response.status_code == 201, f"{kind}: {response.text}"
    return await _last_number(owner) if kind in NUMBERS else str(response.json()["id"])


async def made_for(owner: Person, operation: Operation) -> Values:
    """Make what an operation needs, in the state that it needs, and return the values of its path parameters."""
    values: Values = {}
    for parameter in operation.parameters:
        values[parameter] = await make(owner, parameter, values)
    if operation.path.startswith("/api/trash"):
        deleted = await owner.client.delete(
            f"/api/tasks/{values.get('task_id') or await make(owner, 'task_id')}"
        )
        assert deleted.status_code == 204, deleted.text
    if operation.path.endswith("/enable"):
        disabled = await owner.client.post(f"/api/users/{values['user_id']}/disable")
        assert disabled.status_code == 200, disabled.text
    return values


def unknown(parameters: Iterable[str]) -> Values:
    """Return values that nobody has."""
    return {name: "9000000" if name in NUMBERS else str(uuid7()) for name in parameters}


def made_by(operation: Operation) -> str:
    """Return what an operation makes or lists, as the name of a path parameter.

    Tasks, unless a recipe has its address.
    """
    if operation.path == "/auth/sessions":
        return "session_id"
    return next((kind for kind, recipe in RECIPES.items() if recipe.path == operation.path), "task_id")


def kind_of(operation: Operation, place: str) -> str:
    """Return what an id at a place is of, as the name of a path parameter."""
    kind = REFERENCES[place.rpartition(".")[2]]
    return kind or (operation.parameters[-1] if operation.parameters else "task_id")


async def own_body(owner: Person, operation: Operation) -> dict[str, Any] | None:
    """Return the example body of an operation, with ids of what its caller has."""
    if operation.body is None:
        return None
    body = dict(operation.body)
    for name in body.keys() & operation.places.keys() - CHOSEN:
        if body[name]:
            own = await make(owner, kind_of(operation, name))
            body[name] = [own] if isinstance(body[name], list) else own
    return body


async def body_with(owner: Person, operation: Operation, *, place: str, value: str) -> Any:
    """Return the smallest body of an operation that has an id at a place."""
    body = operation.places[place](value)
    if place in ALSO:
        body["operations"][0] |= ALSO[place]
    text = json.dumps(body)
    return json.loads(text.replace(OWN, await make(owner, "task_id")) if OWN in text else text)


async def _last_number(owner: Person) -> str:
    changes = await owner.changes()
    while len(changes) == 100:
        changes = await owner.changes(after=changes[-1]["seq"])
    return str(changes[-1]["seq"])
