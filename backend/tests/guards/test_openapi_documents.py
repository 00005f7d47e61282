"""Holds the OpenAPI document to what a reader needs and to what a caller may see; it calls no operation."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from app.domain.changes import Action, Source
from app.utils.etags import read_tags
from app.utils.headers import idempotency_key
from spec_tools.documentation import check_components, check_examples, check_inputs, check_names, check_operations, check_responses
from spec_tools.openapi import Operation, media_types, read_operations, referred_name

Document = dict[str, Any]
Check = Callable[[Document], list[str]]
Seed = Callable[[Document], object]

# How the service reads a header, and whether it can.
READERS: dict[str, Callable[[str], bool]] = {
    "If-Match": lambda value: read_tags(value) != frozenset(),
    "Idempotency-Key": lambda value: idempotency_key([value]) is not None,
}
# What has a version and holds nothing that has one of its own.
VERSIONED = {"TaskRead", "CategoryRead", "TagRead", "CommentRead", "SavedFilterRead", "ChangeRead"}
CHECKS: list[Check] = [check_operations, check_examples, check_names, check_responses, check_inputs, check_components]


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
                "operationId": "updateTask",
                "summary": "Change a task",
                "description": "Changes what is named.",
                "tags": ["tasks"],
                "requestBody": {"content": {"application/json": reference("TaskUpdate")}},
                "responses": {
                    "200": {"content": {"application/json": {**reference("TaskRead"), "example": {"id": "1", "parts": []}}}},
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


def test_what_is_known_already_needs_no_problem() -> None:
    assert check_operations(seeded(lambda document: patch(document)["responses"].update({"304": {"description": "Known"}}))) == []
    document = seeded(lambda document: patch(document)["responses"].update({"303": {"description": "Elsewhere"}}))
    assert check_operations(document) == ["PATCH /api/tasks/{task_id}: 303 is nothing, not application/problem+json"]


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


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        (lambda document: component(document, "TaskUpdate").update({"examples": [{"due": 1}]}), "/components/schemas/TaskUpdate"),
        (
            lambda document: component(document, "Due")["properties"]["date"].update({"examples": [1]}),
            "/components/schemas/Due/properties/date",
        ),
        (
            lambda document: component(document, "Due")["properties"].update({"example": {"type": "string", "example": 1}}),
            "/components/schemas/Due/properties/example",
        ),
        (
            lambda document: patch(document)["requestBody"]["content"]["application/json"].update({"example": {"due": {"date": 1}}}),
            "/paths//api/tasks/{task_id}/patch/requestBody/content/application/json",
        ),
        (
            lambda document: patch(document).update({"parameters": [{"schema": {"type": "string"}, "examples": {"one": {"value": 1}}}]}),
            "/paths//api/tasks/{task_id}/patch/parameters/0",
        ),
    ],
)
def test_an_example_that_breaks_its_schema_is_told_wherever_it_stands(seed: Seed, place: str) -> None:
    [difference] = check_examples(seeded(seed))
    assert difference.startswith(f"{place}: ")


def test_an_example_without_a_field_that_is_required_is_told() -> None:
    document = seeded(lambda document: component(document, "TaskRead").update({"examples": [{"id": "1"}]}))
    assert check_examples(document) == ['/components/schemas/TaskRead: "parts" is a required property']


@pytest.mark.parametrize(
    ("form", "value"), [("time", "09:00"), ("date", "2026-02-30"), ("date-time", "2026-11-21"), ("uuid", "1"), ("email", "ada")]
)
def test_an_example_that_breaks_a_format_is_told(form: str, value: str) -> None:
    assert len(check_examples({"components": {"schemas": {"Wrong": {"format": form, "examples": [value]}}}, "paths": {}})) == 1


def test_a_problem_that_shows_another_status_is_told() -> None:
    shown = {"content": {"application/problem+json": {**reference("Problem"), "example": {"status": 409}}}}
    document = seeded(lambda document: patch(document)["responses"].update({"404": shown}))
    assert check_examples(document) == ["PATCH /api/tasks/{task_id}: the example of 404 has the status 409"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("update-task", "is no identifier"),
        ("", "is no identifier"),
        ("update_task_api_tasks__task_id__patch", "repeats the path"),
    ],
)
def test_an_operation_whose_name_no_program_would_choose_is_told(name: str, fault: str) -> None:
    document = seeded(lambda document: patch(document).update({"operationId": name}))
    assert check_names(document) == [f"PATCH /api/tasks/{{task_id}}: the name {name!r} {fault}"]


def test_operations_that_share_a_name_are_told() -> None:
    document = seeded(lambda document: document["paths"].update({"/api/notes": {"patch": patch(document)}}))
    assert [difference.split(": ")[0] for difference in check_names(document)] == ["PATCH /api/tasks/{task_id}", "PATCH /api/notes"]


def named(document: Document, name: str) -> Document:
    [operation] = [operation.content for operation in read_operations(document) if operation.content["operationId"] == name]
    return dict(operation)


def test_examples_show_what_is_null(openapi: Document) -> None:
    assert component(openapi, "TaskUpdate")["examples"] == [{"title": "Pay rent and electricity", "due": None}]
    [change] = component(openapi, "ChangeRead")["examples"]
    assert change["before"] == {"completed": False, "completed_at": None}


@pytest.mark.parametrize("name", ["DueInput", "DueRead"])
def test_a_wall_clock_time_does_not_promise_an_offset(name: str, openapi: Document) -> None:
    clock, _ = component(openapi, name)["properties"]["time"]["anyOf"]
    assert "format" not in clock
    assert all(re.search(clock["pattern"], time) for time in ("09:00", "23:59:59"))
    assert not any(re.search(clock["pattern"], time) for time in ("9:00", "24:00", "09:00:00Z", "09:00:00.5", "09:60"))


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("register", "409", "EMAIL_TAKEN"),
        ("createTask", "409", "ID_TAKEN"),
        ("logIn", "401", "WRONG_CREDENTIALS"),
        ("readTask", "401", "INVALID_TOKEN"),
        ("readTask", "404", "NOT_FOUND"),
        ("updateTask", "409", "EDIT_CONFLICT"),
        ("deleteTask", "409", "STILL_RUNNING"),
        ("replaceTask", "412", "STALE"),
        ("updateTask", "408", "REQUEST_TIMEOUT"),
        ("checkReadiness", "503", "UNAVAILABLE"),
        ("updateTask", "503", "OUTCOME_UNKNOWN"),
        ("register", "503", "OUTCOME_UNKNOWN"),
        ("checkLiveness", "500", "INTERNAL_ERROR"),
    ],
)
def test_a_status_is_shown_with_the_refusal_that_the_operation_gives(name: str, status: str, code: str, openapi: Document) -> None:
    assert named(openapi, name)["responses"][status]["content"]["application/problem+json"]["example"]["code"] == code


def expected_headers(operation: Operation, status: str) -> set[str]:
    """Return the headers that a response is to be documented with: its request id, and what a caller can act on."""
    own = {"401": {"WWW-Authenticate"}, "403": {"WWW-Authenticate"}, "412": {"ETag"}, "503": {"Retry-After"}, "304": {"ETag"}}
    expected = {"X-Request-ID", *own.get(status, set())}
    if not status.startswith("2") or not operation.content["security"]:
        return expected
    contents = media_types(operation.content["responses"][status]).values()
    expected |= {"ETag"} if any(referred_name(content["schema"]) in VERSIONED for content in contents) else set()
    expected |= {"Location"} if status == "201" else set()
    return expected | ({"Idempotency-Replayed"} if operation.method != "GET" else set())


@pytest.mark.spec("SAFE-007", "SAFE-011")
def test_every_response_tells_of_its_request_id_and_of_what_a_caller_can_act_on(openapi: Document) -> None:
    for operation in read_operations(openapi):
        for status, response in operation.content["responses"].items():
            assert response["headers"].keys() == expected_headers(operation, status), f"{operation.name} {status}"
            assert all(header["required"] is (name != "Idempotency-Replayed") for name, header in response["headers"].items())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("logIn", set()),
        ("register", set()),
        ("listTasks", set()),
        ("readTask", {"If-None-Match"}),
        ("readTaskTree", set()),
        ("createTask", {"Idempotency-Key"}),
        ("replaceTask", {"Idempotency-Key", "If-Match"}),
        ("updateTask", {"Idempotency-Key", "If-Match", "Prefer"}),
        ("deleteTask", {"Idempotency-Key", "If-Match"}),
        ("moveTask", {"Idempotency-Key", "If-Match"}),
        ("changeTasksInBulk", {"Idempotency-Key"}),
        ("revertChange", {"Idempotency-Key", "If-Match"}),
    ],
)
def test_an_operation_tells_of_the_headers_that_it_takes(name: str, expected: set[str], openapi: Document) -> None:
    headers = [parameter for parameter in named(openapi, name).get("parameters", ()) if parameter["in"] == "header"]
    assert {header["name"] for header in headers} == expected
    assert not any(header["required"] for header in headers)
    assert all(header["description"] for header in headers)


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        ("If-Match", ["*", '"3"', 'W/"3"', '"3", W/"4","5"', '""'], ["", "3", '"3', '*, "3"', '"a b"']),
        ("Idempotency-Key", ['"a key"', "a-key", r'"a \"b\""', "k" * 255], ["", '""', "two words", "k" * 256, '"k', "\u00fc"]),
    ],
)
def test_the_pattern_of_a_header_is_what_the_service_reads(header: str, good: list[str], bad: list[str], openapi: Document) -> None:
    [schema] = [parameter["schema"] for parameter in named(openapi, "updateTask")["parameters"] if parameter["name"] == header]
    assert [value for value in good if not re.search(schema["pattern"], value)] == []
    assert [value for value in bad if re.search(schema["pattern"], value)] == []
    assert [value for value in good if not READERS[header](value)] == []
    for value in bad:
        with pytest.raises(ValueError, match="must be"):
            READERS[header](value)


@pytest.mark.spec("SAFE-010")
def test_a_problem_may_tell_of_conflicts(openapi: Document) -> None:
    problem, shown = component(openapi, "Problem"), named(openapi, "updateTask")["responses"]["409"]["content"]["application/problem+json"]
    assert "conflicts" not in problem["required"]
    assert "default" not in problem["properties"]["conflicts"]
    assert [conflict["field"] for conflict in shown["example"]["conflicts"]] == ["title"]


def test_what_programs_are_made_from_has_names(openapi: Document) -> None:
    fields = component(openapi, "ChangeRead")["properties"]
    assert [component(openapi, name)["enum"] for name in ("Action", "Source")] == [list(Action), list(Source)]
    assert [fields[name]["$ref"].rsplit("/", 1)[-1] for name in ("action", "source", "entity")] == ["Action", "Source", "Entity"]
    scheme = openapi["components"]["securitySchemes"]["bearer"]
    assert (scheme["scheme"], scheme["bearerFormat"]) == ("bearer", "JWT")
