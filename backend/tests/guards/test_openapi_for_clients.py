"""Holds the OpenAPI document to what those need who make programs from it; `tests/clients` lets their tools try it."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from app.domain.sorting import CategorySort, CommentSort, NamedSort, TaskSort
from app.http.problems import codes
from app.repositories.kinds import KINDS
from app.schemas.plain_problems import plain_problem
from app.schemas.task import TaskContent, TaskRead
from spec_tools.client_rules import check_descriptions, check_enumerations, check_frame, check_presence
from spec_tools.openapi import read_components, read_operations
from tests.guards.test_errors import PLAIN_CODES, REFUSALS

Document = dict[str, Any]
CHECKS: list[Callable[[Document], list[str]]] = [
    check_descriptions,
    check_enumerations,
    check_frame,
    check_presence,
]
DOCUMENT: Document = {
    "info": {"license": {"name": "MIT"}, "contact": {"name": "The authors"}},
    "servers": [{"url": "/"}],
    "tags": [{"name": "tasks", "description": "What is to be done."}],
    "paths": {
        "/tasks": {
            "post": {
                "operationId": "createTask",
                "tags": ["tasks"],
                "parameters": [
                    {
                        "name": "dry",
                        "in": "query",
                        "description": "Whether to write nothing.",
                        "schema": {"type": "boolean"},
                    }
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TaskCreate"}}}
                },
                "responses": {
                    "201": {
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TaskRead"}}}
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Priority": {"enum": ["none", "high"]},
            "TaskCreate": {
                "properties": {
                    "priority": {"$ref": "#/components/schemas/Priority", "description": "How urgent."}
                }
            },
            "TaskRead": {
                "required": ["enum"],
                "properties": {"enum": {"type": "string", "description": "A field with an odd name."}},
            },
        }
    },
}


def seeded(place: str, value: object) -> Document:
    """Return the document with another value at a place; None removes what is there."""
    document = deepcopy(DOCUMENT)
    node: Any = document
    *steps, last = place.split(".")
    for step in steps:
        node = node[int(step) if isinstance(node, list) else step.replace("~", "/")]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document


@pytest.mark.spec("SPEC-010")
@pytest.mark.parametrize("check", CHECKS)
def test_programs_can_be_made_from_the_document(
    check: Callable[[Document], list[str]], openapi: Document
) -> None:
    assert check(openapi) == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_document_that_keeps_the_rules_has_no_differences(check: Callable[[Document], list[str]]) -> None:
    assert check(DOCUMENT) == []


@pytest.mark.parametrize(
    ("check", "place", "value", "difference"),
    [
        (
            check_descriptions,
            "components.schemas.TaskCreate.properties.priority.description",
            None,
            "TaskCreate: priority is not described",
        ),
        (
            check_descriptions,
            "paths.~tasks.post.parameters.0.description",
            "",
            "POST /tasks: dry is not described",
        ),
        (
            check_enumerations,
            "components.schemas.TaskCreate.properties.status",
            {"enum": ["open"]},
            "/components/schemas/TaskCreate/properties/status: an enumeration without a name",
        ),
        (
            check_enumerations,
            "paths.~tasks.post.parameters.0.schema",
            {"anyOf": [{"enum": [1]}]},
            "/paths//tasks/post/parameters/0/schema/anyOf/0: an enumeration without a name",
        ),
        (
            check_presence,
            "components.schemas.TaskCreate.properties.priority.default",
            "none",
            "TaskCreate: priority has a default",
        ),
        (check_presence, "components.schemas.TaskRead.required", [], "TaskRead: enum may be missing"),
        (check_frame, "tags", [], "the tag tasks is not declared"),
        (check_frame, "tags.0.description", "", "the tag tasks is not described"),
        (check_frame, "servers", None, "no servers"),
        (check_frame, "info.license", None, "no license"),
        (check_frame, "info.contact", None, "no contact"),
        (
            check_frame,
            "paths.~tasks.post.operationId",
            "create_task",
            "POST /tasks: its name is not in camel case",
        ),
    ],
)
def test_what_a_generator_would_stumble_over_is_told(
    check: Callable[[Document], list[str]], place: str, *, value: object, difference: str
) -> None:
    assert check(seeded(place, value)) == [difference]


def test_a_tag_that_nothing_has_is_told() -> None:
    tags = [*DOCUMENT["tags"], {"name": "toys", "description": "To play with."}]
    assert check_frame(seeded("tags", tags)) == ["the tag toys is not used"]


@pytest.mark.spec("SPEC-014")
def test_the_codes_of_problems_are_all_that_can_be_answered(openapi: Document) -> None:
    listed = read_components(openapi)["ProblemCode"]["enum"]
    assert listed == sorted({refusal.code for refusal in REFUSALS} | {*PLAIN_CODES.values()})
    assert (
        read_components(openapi)["Problem"]["properties"]["code"]["$ref"]
        == "#/components/schemas/ProblemCode"
    )


@pytest.mark.spec("SPEC-014")
@pytest.mark.parametrize("status", [401, 403, 418, 431, 501, 505])
def test_a_status_that_nothing_of_ours_answers_with_has_a_code_of_the_list(status: int) -> None:
    assert any(f'"code":"{code}"'.encode() in plain_problem(status, "a-request") for code in codes())


def test_enumerations_are_what_the_service_knows(openapi: Document) -> None:
    enumerations = {
        name: schema["enum"] for name, schema in read_components(openapi).items() if "enum" in schema
    }
    assert enumerations["Entity"] == sorted(["account", *(kind.entity for kind in KINDS)])
    for sort in (TaskSort, NamedSort, CategorySort, CommentSort):
        columns = {choice.removeprefix("-") for choice in sort}
        assert (
            {*enumerations[sort.__name__]}
            == {*sort}
            == {f"{sign}{column}" for column in columns for sign in ("", "-")}
        )
    assert enumerations["TokenType"] == ["bearer"]


def test_what_the_server_writes_is_marked_where_it_may_come_along(openapi: Document) -> None:
    fields, content = set(TaskRead.model_fields), set(TaskContent.model_fields)
    replace = read_components(openapi)["TaskReplace"]
    assert replace["properties"].keys() == fields
    assert {
        name for name, field in replace["properties"].items() if field.get("readOnly")
    } == fields - content


def test_a_parameter_is_never_null(openapi: Document) -> None:
    parameters = [operation.content.get("parameters") for operation in read_operations(openapi)]
    assert len(parameters) >= 40
    assert '"null"' not in json.dumps(parameters)
