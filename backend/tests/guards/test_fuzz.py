"""Whatever is sent to an operation, it answers as the OpenAPI document promises: no 500, no other status or shape.

Inputs are made from the document by Schemathesis, the same ones in every run.
"""

from collections.abc import Iterator
from typing import Any, cast

import asyncpg
import pytest
from fastapi import FastAPI, Response
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Config, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks
from uuid_utils.compat import uuid7

from app.config import Settings
from app.main import create_app
from tests.conftest import LIMITS
from tests.guards.makers import NUMBERS, PARAMETER, RECIPES, SIGNED_IN
from tests.server import copy_database, drop_database, run, url_of

# Another password than that of the document's examples, which would change it.
ME = {"email": "ada@example.com", "password": "a horse that no example knows", "name": "Ada"}
# Not that valid data is accepted: a title that is blank breaks a rule that JSON Schema cannot say.
PROMISES = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.missing_required_header,
]
# Each of these hashes a password, which is slow on purpose.
SLOW = ("POST /auth/register", "POST /auth/login", "POST /auth/password", "DELETE /api/me")
# Each of these ends the session of whoever calls.
ENDING = ("POST /auth/logout", "POST /auth/logout-all")
EXAMPLES, SLOW_EXAMPLES = 50, 15
# What is made may be larger than is taken from somebody who is not known.
REFUSALS = {
    "checks": {
        "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "409", "413", "422"]}
    }
}
# So that the workers share what takes longest.
PARTS = 4
share = pytest.mark.parametrize("part", range(PARTS))


@pytest.fixture(scope="module")
def served(template: str) -> Iterator[FastAPI]:
    """An application with a pool and a database of its own; Schemathesis serves it in an event loop of its own."""
    name = f"fuzz_{uuid7().hex}"
    run(copy_database(template, name))
    secret = "a secret for tests alone, 0123456789"
    app = create_app(Settings(DATABASE_URL=url_of(name), BETTER_AUTH_SECRET=secret, AGENDUM_LIMITS=LIMITS))
    app.state.url = url_of(name)
    yield app
    shutdown_lifespans()
    run(drop_database(name))


async def make_administrators(served: FastAPI) -> None:
    """Make everybody who is there an administrator, so that those operations do something as well."""
    connection = await asyncpg.connect(dsn=served.state.url)
    await connection.execute("UPDATE agendum.account SET role = 'admin'")
    await connection.close()


@pytest.fixture(scope="module")
def me(served: FastAPI) -> Iterator[ASGIClient]:
    """A person who has registered and logged in."""
    with get_client(cast("Any", served)) as client:
        client.post("/auth/register", json=ME)
        log_in(client)
        run(make_administrators(served))
        yield client


def log_in(client: ASGIClient) -> None:
    """Begin a session, whose token the client sends from now on."""
    login = client.post("/auth/login", json={"email": ME["email"], "password": ME["password"]})
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"


@pytest.fixture(scope="module")
def schema(served: FastAPI) -> BaseSchema:
    return openapi.from_asgi("/openapi.json", served, config=Config.from_dict(REFUSALS))


def operations_of(schema: BaseSchema) -> list[Any]:
    """List every operation of the document."""
    return [cast("Any", result).ok() for result in schema.get_all_operations()]


def send_many(
    operation: Any, mode: GenerationMode, *, me: ASGIClient, path: dict[str, str] | None = None
) -> None:
    """Send an operation with many inputs, valid or not, and check each answer; the token is always the person's own."""
    authorization = {"Authorization": me.headers["Authorization"]} if "Authorization" in me.headers else None

    @settings(
        max_examples=SLOW_EXAMPLES if operation.label in SLOW else EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode, path_parameters=path, headers=authorization))
    def send(case: Any) -> None:
        case.call_and_validate(session=me, checks=PROMISES)

    send()
    if operation.label in ENDING and authorization is not None:
        log_in(me)


def made_for(path: str, *, me: ASGIClient) -> dict[str, str]:
    """Make what an address names, and return the values of its parameters."""
    values: dict[str, str] = {}
    for kind in PARAMETER.findall(path):
        if kind in SIGNED_IN:
            log_in(me)
            items = me.get("/auth/sessions").json()["items"]
            values[kind] = next(item["id"] for item in items if not item["current"])
            continue
        made = me.post(RECIPES[kind].path.format_map(values), json=RECIPES[kind].body("me")).json()
        values[kind] = str(last_number(me)) if kind in NUMBERS else made["id"]
    if path.startswith("/api/trash"):
        me.delete(f"/api/tasks/{values['task_id']}")
    return values


def last_number(me: ASGIClient) -> int:
    """Return the number of the last change."""
    page = {"last": 0, "has_more": True}
    while page["has_more"]:
        page = me.get("/api/changes", params={"after": page["last"]}).json()
    return page["last"]


@pytest.mark.spec("OPS-001")
@share
def test_valid_input_is_answered_as_promised(schema: BaseSchema, me: ASGIClient, part: int) -> None:
    operations = operations_of(schema)
    for operation in operations[part::PARTS]:
        send_many(operation, GenerationMode.POSITIVE, me=me)
    assert len(operations) >= 25


@pytest.mark.spec("OPS-001")
@share
def test_invalid_input_is_refused_as_promised(schema: BaseSchema, me: ASGIClient, part: int) -> None:
    """S32, S33."""
    with_input = [
        operation
        for operation in operations_of(schema)
        if operation.body or operation.query or operation.path_parameters
    ]
    for operation in with_input[part::PARTS]:
        send_many(operation, GenerationMode.NEGATIVE, me=me)
    assert len(with_input) >= 20


@pytest.mark.spec("OPS-001")
@share
def test_what_exists_is_changed_as_promised(schema: BaseSchema, me: ASGIClient, part: int) -> None:
    with_id = [operation for operation in operations_of(schema) if PARAMETER.search(operation.path)]
    for operation in with_id[part::PARTS]:
        send_many(operation, GenerationMode.POSITIVE, me=me, path=made_for(operation.path, me=me))
    assert len(with_id) >= 20


def test_an_answer_that_nobody_promised_is_seen() -> None:
    careless = FastAPI()

    @careless.get("/tea", response_class=Response)
    async def brew() -> Response:
        return Response(status_code=418)

    schema = openapi.from_asgi("/openapi.json", careless)
    with (
        get_client(cast("Any", careless)) as client,
        pytest.raises(FailureGroup, match="Undocumented status code"),
    ):
        send_many(operations_of(schema)[0], GenerationMode.POSITIVE, me=client)
