"""Each rule of the OpenAPI document is able to fail: a small document that breaks it is told of."""

import pytest

from spec_tools.documentation import (
    check_components,
    check_examples,
    check_inputs,
    check_names,
    check_operations,
    check_responses,
)
from tests.guards.openapi_rules import (
    CHECKS,
    DOCUMENT,
    Check,
    Document,
    Seed,
    component,
    patch,
    reference,
    seeded,
)


@pytest.mark.parametrize("check", CHECKS)
def test_a_document_that_keeps_the_rules_has_no_differences(check: Check) -> None:
    assert check(DOCUMENT) == []


@pytest.mark.parametrize("name", ["summary", "description", "tags"])
def test_an_operation_that_is_not_described_is_told(name: str) -> None:
    assert check_operations(seeded(lambda document: patch(document).pop(name))) == [
        f"PATCH /api/tasks/{{task_id}}: no {name}"
    ]


def test_a_tag_list_that_is_empty_is_told() -> None:
    assert check_operations(seeded(lambda document: patch(document)["tags"].clear())) == [
        "PATCH /api/tasks/{task_id}: no tags"
    ]


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        (lambda document: component(document, "TaskUpdate").pop("examples"), "the request"),
        (
            lambda document: patch(document)["responses"]["200"]["content"]["application/json"].pop(
                "example"
            ),
            "200",
        ),
    ],
)
def test_a_body_without_an_example_is_told(seed: Seed, place: str) -> None:
    assert check_operations(seeded(seed)) == [
        f"PATCH /api/tasks/{{task_id}}: no example of {place} as application/json"
    ]


@pytest.mark.parametrize(("name", "differences"), [("TaskUpdate", 0), ("Due", 1)])
def test_a_body_that_may_be_left_out_has_the_example_of_its_component(name: str, differences: int) -> None:
    body = {
        "content": {"application/json": {"schema": {"anyOf": [reference(name)["schema"], {"type": "null"}]}}}
    }
    document = seeded(lambda document: patch(document).update({"requestBody": body}))
    assert len(check_operations(document)) == differences


def test_a_success_without_a_body_needs_no_example() -> None:
    assert (
        check_operations(
            seeded(lambda document: patch(document)["responses"].update({"200": {"description": "Done"}}))
        )
        == []
    )


@pytest.mark.parametrize(
    ("response", "difference"),
    [
        ({"description": "Absent"}, "404 is nothing, not application/problem+json"),
        (
            {"content": {"application/json": reference("Problem")}},
            "404 is application/json, not application/problem+json",
        ),
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
    assert (
        check_operations(
            seeded(lambda document: patch(document)["responses"].update({"304": {"description": "Known"}}))
        )
        == []
    )
    document = seeded(
        lambda document: patch(document)["responses"].update({"303": {"description": "Elsewhere"}})
    )
    assert check_operations(document) == [
        "PATCH /api/tasks/{task_id}: 303 is nothing, not application/problem+json"
    ]


def test_an_operation_without_error_responses_is_told() -> None:
    document = seeded(lambda document: patch(document)["responses"].pop("404"))
    assert check_operations(document) == ["PATCH /api/tasks/{task_id}: no error response"]


@pytest.mark.parametrize(
    "field",
    [
        "user_id",
        "owner_id",
        "password",
        "password_hash",
        "hash",
        "token",
        "access_token",
        "secret",
        "internal",
    ],
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
    response: Document = {
        "content": {
            "application/json": {"schema": {"properties": {"access_token": {}, "token_type": {}, "hash": {}}}}
        }
    }
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
    assert (
        check_components(
            seeded(lambda document: document["components"]["schemas"].update({"TaskCreate": schema}))
        )
        == []
    )


@pytest.mark.parametrize(
    ("seed", "place"),
    [
        (
            lambda document: component(document, "TaskUpdate").update({"examples": [{"due": 1}]}),
            "/components/schemas/TaskUpdate",
        ),
        (
            lambda document: component(document, "Due")["properties"]["date"].update({"examples": [1]}),
            "/components/schemas/Due/properties/date",
        ),
        (
            lambda document: component(document, "Due")["properties"].update(
                {"example": {"type": "string", "example": 1}}
            ),
            "/components/schemas/Due/properties/example",
        ),
        (
            lambda document: patch(document)["requestBody"]["content"]["application/json"].update(
                {"example": {"due": {"date": 1}}}
            ),
            "/paths//api/tasks/{task_id}/patch/requestBody/content/application/json",
        ),
        (
            lambda document: patch(document).update(
                {"parameters": [{"schema": {"type": "string"}, "examples": {"one": {"value": 1}}}]}
            ),
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
    ("form", "value"),
    [("time", "09:00"), ("date", "2026-02-30"), ("date-time", "2026-11-21"), ("uuid", "1"), ("email", "ada")],
)
def test_an_example_that_breaks_a_format_is_told(form: str, value: str) -> None:
    assert (
        len(
            check_examples(
                {"components": {"schemas": {"Wrong": {"format": form, "examples": [value]}}}, "paths": {}}
            )
        )
        == 1
    )


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
    assert [difference.split(": ")[0] for difference in check_names(document)] == [
        "PATCH /api/tasks/{task_id}",
        "PATCH /api/notes",
    ]
