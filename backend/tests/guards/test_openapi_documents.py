"""Holds the OpenAPI document to what a reader needs and to what a caller may see; it calls no operation."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from spec_tools.documentation import check_components, check_inputs, check_operations, check_responses

Document = dict[str, Any]
Check = Callable[[Document], list[str]]
Seed = Callable[[Document], object]

CHECKS: list[Check] = [check_operations, check_responses, check_inputs, check_components]


def reference(name: str) -> Document:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}


def component(document: Document, name: str) -> Document:
    schema: Document = document["components"]["schemas"][name]
    return schema


def patch(document: Document) -> Document:
    operation: Document = document["paths"]["/api/tasks/{task_id}"]["patch"]
    return operation


DOCUMENT: Document = {
    "paths": {
        "/api/tasks/{task_id}": {
            "patch": {
                "summary": "Change a task",
                "description": "Changes what is named.",
                "tags": ["tasks"],
                "requestBody": {"content": {"application/json": reference("TaskUpdate")}},
                "responses": {
                    "200": {"content": {"application/json": {**reference("TaskRead"), "example": {"id": 1}}}},
                    "404": {"content": {"application/problem+json": reference("Problem")}},
                },
            }
        },
    },
    "components": {
        "schemas": {
            "TaskUpdate": {
                "type": "object",
                "additionalProperties": False,
                "examples": [{"due": None}],
                "properties": {"due": {"anyOf": [{"$ref": "#/components/schemas/Due"}, {"type": "null"}]}},
            },
            "Due": {"type": "object", "additionalProperties": False, "properties": {"date": {"type": "string"}}},
            "TaskRead": {
                "type": "object",
                "required": ["id", "parts"],
                "properties": {"id": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#/components/schemas/TaskRead"}}},
            },
            "Problem": {"type": "object", "properties": {"code": {"type": "string"}}},
        }
    },
}


@pytest.mark.spec("SPEC-004")
@pytest.mark.parametrize("check", CHECKS)
def test_the_document_is_complete_and_shows_nothing_private(check: Check, openapi: Document) -> None:
    assert check(openapi) == []


@pytest.mark.parametrize("check", CHECKS)
def test_a_document_that_keeps_the_rules_has_no_differences(check: Check) -> None:
    assert check(DOCUMENT) == []


def seeded(seed: Seed) -> Document:
    document = deepcopy(DOCUMENT)
    seed(document)
    return document


@pytest.mark.parametrize("name", ["summary", "description", "tags"])
def test_an_operation_that_is_not_described_is_told(name: str) -> None:
    assert check_operations(seeded(lambda document: patch(document).pop(name))) == [f"PATCH /api/tasks/{{task_id}}: no {name}"]


def test_a_tag_list_that_is_empty_is_told() -> None:
    assert check_operations(seeded(lambda document: patch(document)["tags"].clear())) == ["PATCH /api/tasks/{task_id}: no tags"]


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        (lambda document: component(document, "TaskUpdate").pop("examples"), "the request"),
        (lambda document: patch(document)["responses"]["200"]["content"]["application/json"].pop("example"), "200"),
    ],
)
def test_a_body_without_an_example_is_told(seed: Seed, place: str) -> None:
    assert check_operations(seeded(seed)) == [f"PATCH /api/tasks/{{task_id}}: no example of {place} as application/json"]


@pytest.mark.parametrize(("name", "differences"), [("TaskUpdate", 0), ("Due", 1)])
def test_a_body_that_may_be_left_out_has_the_example_of_its_component(name: str, differences: int) -> None:
    body = {"content": {"application/json": {"schema": {"anyOf": [reference(name)["schema"], {"type": "null"}]}}}}
    document = seeded(lambda document: patch(document).update({"requestBody": body}))
    assert len(check_operations(document)) == differences


def test_a_success_without_a_body_needs_no_example() -> None:
    assert check_operations(seeded(lambda document: patch(document)["responses"].update({"200": {"description": "Done"}}))) == []


@pytest.mark.parametrize(
    ("response", "difference"),
    [
        ({"description": "Absent"}, "404 is nothing, not application/problem+json"),
        ({"content": {"application/json": reference("Problem")}}, "404 is application/json, not application/problem+json"),
        (
            {"content": {"application/problem+json": reference("Problem"), "application/json": {}}},
            "404 is application/problem+json application/json, not application/problem+json",
        ),
        ({"content": {"application/problem+json": reference("Due")}}, "404 does not have the schema Problem"),
        ({"content": {"application/problem+json": {}}}, "404 does not have the schema Problem"),
    ],
)
def test_an_error_that_is_no_problem_is_told(response: Document, difference: str) -> None:
    document = seeded(lambda document: patch(document)["responses"].update({"404": response}))
    assert check_operations(document) == [f"PATCH /api/tasks/{{task_id}}: {difference}"]


def test_an_operation_without_error_responses_is_told() -> None:
    document = seeded(lambda document: patch(document)["responses"].pop("404"))
    assert check_operations(document) == ["PATCH /api/tasks/{task_id}: no error response"]


@pytest.mark.parametrize(
    "field", ["user_id", "owner_id", "password", "password_hash", "hash", "token", "access_token", "secret", "internal"]
)
@pytest.mark.parametrize("name", ["TaskRead", "Problem"])
def test_an_answer_with_an_owner_or_a_secret_is_told(field: str, name: str) -> None:
    document = seeded(lambda document: component(document, name)["properties"].update({field: {}}))
    assert check_responses(document) == [f"PATCH /api/tasks/{{task_id}}: answers with {field}"]


def test_a_secret_deep_within_an_answer_is_told() -> None:
    inner = {"type": "array", "items": {"anyOf": [{"type": "null"}, {"properties": {"secret": {}}}]}}
    document = seeded(lambda document: component(document, "TaskRead")["properties"].update({"parts": inner}))
    assert check_responses(document) == ["PATCH /api/tasks/{task_id}: answers with secret"]


def test_the_login_alone_answers_with_an_access_token() -> None:
    response: Document = {"content": {"application/json": {"schema": {"properties": {"access_token": {}, "token_type": {}, "hash": {}}}}}}
    document = {"paths": {"/auth/login": {"post": {"responses": {"200": response}}}}}
    assert check_responses(document) == ["POST /auth/login: answers with hash"]


@pytest.mark.parametrize("name", ["TaskUpdate", "Due"])
@pytest.mark.parametrize("accepted", [True, {"type": "string"}, None])
def test_an_input_that_accepts_unknown_fields_is_told(name: str, accepted: object) -> None:
    document = seeded(lambda document: component(document, name).update({"additionalProperties": accepted}))
    assert check_inputs(document) == [f"PATCH /api/tasks/{{task_id}}: {name} accepts unknown fields"]


def test_an_input_that_is_described_in_place_is_checked_too() -> None:
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    document = seeded(lambda document: patch(document).update({"requestBody": body}))
    assert check_inputs(document) == ["PATCH /api/tasks/{task_id}: the body accepts unknown fields"]


def test_an_update_that_demands_a_field_is_told() -> None:
    document = seeded(lambda document: component(document, "TaskUpdate").update({"required": ["due"]}))
    assert check_components(document) == ["TaskUpdate: demands due, though an update may leave out any field"]


@pytest.mark.parametrize("name", ["TaskRead", "TaskPage", "Page_TaskRead_", "TaskRead-Output"])
def test_an_output_with_a_field_that_may_be_absent_or_has_a_default_is_told(name: str) -> None:
    schema = {"properties": {"id": {}, "title": {"default": ""}}, "required": ["title"]}
    document = seeded(lambda document: document["components"]["schemas"].update({name: schema}))
    assert check_components(document) == [f"{name}: id may be absent", f"{name}: title has a default"]


def test_a_schema_that_is_referred_to_and_missing_is_told() -> None:
    document = seeded(lambda document: document["components"]["schemas"].pop("Problem"))
    assert check_components(document) == ["Problem: referred to, but not described"]
    assert check_responses(document) == []


def test_other_components_may_have_defaults() -> None:
    schema = {"properties": {"priority": {"default": "none"}}}
    assert check_components(seeded(lambda document: document["components"]["schemas"].update({"TaskCreate": schema}))) == []
