"""Holds the OpenAPI document to the table of operations, in both directions; it calls no operation."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from spec_tools.documents import SPECIFICATIONS, SpecificationError
from spec_tools.endpoints import Endpoint, compare, find_unknown_requirements, read_document, read_endpoints
from spec_tools.requirements import read_feature_folder

TABLE = """
| method | path | who | success | errors | requirements |
|---|---|---|---|---|---|
| POST | /api/tasks | bearer | 201 | 422 401 | TASK-001 SAFE-001 |
| GET | /health/live | public | 200 | 500 | OPS-010 |
"""

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/tasks": {
            "parameters": [],
            "post": {"security": [{"Token": []}], "responses": {"201": {}, "401": {}, "422": {}}},
        },
        "/health/live": {"get": {"responses": {"200": {}, "500": {}}}},
    },
    "components": {"securitySchemes": {"Token": {"type": "http", "scheme": "bearer"}}},
}

CREATE, LIVE = read_endpoints(TABLE)


@pytest.fixture(scope="module")
def specified() -> tuple[Endpoint, ...]:
    return read_endpoints((SPECIFICATIONS / "api" / "rest-endpoints.md").read_text("utf-8"))


@pytest.mark.spec("SPEC-001")
def test_the_document_has_exactly_the_operations_of_the_specification(
    specified: tuple[Endpoint, ...], openapi: dict[str, Any]
) -> None:
    assert compare(specified, read_document(openapi)) == []


@pytest.mark.spec("SPEC-001")
def test_every_operation_of_the_specification_rests_on_requirements_that_exist(
    specified: tuple[Endpoint, ...],
) -> None:
    known = {requirement.identifier for requirement in read_feature_folder(SPECIFICATIONS)}
    assert find_unknown_requirements(specified, known) == []


def test_a_row_becomes_an_operation() -> None:
    create, _ = read_endpoints(TABLE)
    assert create == Endpoint(
        "POST",
        "/api/tasks",
        "bearer",
        success=("201",),
        errors=("401", "422"),
        requirements=("TASK-001", "SAFE-001"),
    )


def test_a_document_that_agrees_has_no_differences() -> None:
    assert compare([CREATE, LIVE], read_document(DOCUMENT)) == []


def test_an_operation_without_code_is_told() -> None:
    assert compare([CREATE, LIVE], [CREATE]) == ["GET /health/live: in the spec, missing in the document"]


def test_an_operation_without_specification_is_told() -> None:
    assert compare([CREATE], [CREATE, LIVE]) == ["GET /health/live: in the document, missing in the spec"]


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        (replace(CREATE, success=("200",)), "POST /api/tasks success: the spec says 201, the document 200"),
        (replace(CREATE, success=()), "POST /api/tasks success: the spec says 201, the document nothing"),
        (replace(CREATE, errors=("401",)), "POST /api/tasks errors: the spec says 401 422, the document 401"),
        (
            replace(CREATE, errors=("401", "422", "default")),
            "POST /api/tasks errors: the spec says 401 422, the document 401 422 default",
        ),
        (replace(CREATE, who="public"), "POST /api/tasks who: the spec says bearer, the document public"),
    ],
)
def test_a_field_that_differs_is_told_with_both_values(changed: Endpoint, difference: str) -> None:
    assert compare([CREATE, LIVE], [changed, LIVE]) == [difference]


def test_a_path_that_differs_is_told_from_both_sides() -> None:
    assert compare([CREATE], [replace(CREATE, path="/api/task")]) == [
        "POST /api/task: in the document, missing in the spec",
        "POST /api/tasks: in the spec, missing in the document",
    ]


@pytest.mark.parametrize(
    ("security", "who"),
    [([], "public"), ([{}, {"Token": []}], "public"), ([{"Token": []}], "bearer"), ([{"Key": []}], "apikey")],
)
def test_who_may_call_is_read_from_the_security_requirement(
    security: list[dict[str, list[str]]], who: str
) -> None:
    document = deepcopy(DOCUMENT)
    document["components"]["securitySchemes"]["Key"] = {"type": "apiKey", "in": "header", "name": "X-Key"}
    document["paths"]["/api/tasks"]["post"]["security"] = security
    assert read_document(document)[0].who == who


def test_a_security_requirement_of_the_whole_document_is_inherited() -> None:
    assert [endpoint.who for endpoint in read_document({**DOCUMENT, "security": [{"Token": []}]})] == [
        "bearer",
        "bearer",
    ]


def test_a_requirement_that_does_not_exist_is_told() -> None:
    assert find_unknown_requirements([CREATE], {"TASK-001"}) == [
        "POST /api/tasks: SAFE-001 is no requirement"
    ]


def test_an_operation_without_a_requirement_is_told() -> None:
    assert find_unknown_requirements([replace(LIVE, requirements=())], set()) == [
        "GET /health/live: names no requirement"
    ]


def test_an_operation_that_is_specified_twice_is_refused() -> None:
    with pytest.raises(SpecificationError, match="GET /health/live is described twice"):
        compare([LIVE, LIVE], [LIVE])


def test_a_specification_without_the_table_is_refused() -> None:
    with pytest.raises(SpecificationError, match="no table with the columns method, path"):
        read_endpoints(TABLE.replace("| who |", "| caller |"))
