"""Holds the OpenAPI document to what a reader needs and to what a caller may see; it calls no operation."""

import re
from collections.abc import Callable

import pytest

from app.domain.changes import Action, Source
from app.utils.etags import read_tags
from app.utils.headers import idempotency_key
from spec_tools.openapi import Operation, media_types, read_operations, referred_name
from tests.guards.openapi_rules import CHECKS, Check, Document, component
from tests.guards.operations import ADMINISTRATION, LAST
from tests.guards.test_writes import KEYLESS

# How the service reads a header, and whether it can.
READERS: dict[str, Callable[[str], bool]] = {
    "If-Match": lambda value: read_tags(value) != frozenset(),
    "Idempotency-Key": lambda value: idempotency_key([value]) is not None,
}
# What has a version and holds nothing that has one of its own.
VERSIONED = {
    *("TaskRead", "CategoryRead", "TagRead", "CommentRead", "SavedFilterRead", "ChangeRead"),
    *("PersonalTokenRead", "PersonalTokenCreated", "UserRead", "ProfileRead"),
}


@pytest.mark.spec("SPEC-004")
@pytest.mark.parametrize("check", CHECKS)
def test_the_document_is_complete_and_shows_nothing_private(check: Check, openapi: Document) -> None:
    """S5."""
    assert check(openapi) == []


def named(document: Document, name: str) -> Document:
    [operation] = [
        operation.content
        for operation in read_operations(document)
        if operation.content["operationId"] == name
    ]
    return dict(operation)


def test_examples_show_what_is_null(openapi: Document) -> None:
    assert component(openapi, "TaskUpdate")["examples"] == [
        {"title": "Pay rent and electricity", "due": None}
    ]
    [change] = component(openapi, "ChangeRead")["examples"]
    assert change["before"] == {"completed": False, "completed_at": None}


@pytest.mark.parametrize("name", ["DueInput", "DueRead"])
def test_a_wall_clock_time_does_not_promise_an_offset(name: str, openapi: Document) -> None:
    clock, _ = component(openapi, name)["properties"]["time"]["anyOf"]
    assert "format" not in clock
    assert all(re.search(clock["pattern"], time) for time in ("09:00", "23:59:59"))
    assert not any(
        re.search(clock["pattern"], time) for time in ("9:00", "24:00", "09:00:00Z", "09:00:00.5", "09:60")
    )


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
def test_a_status_is_shown_with_the_refusal_that_the_operation_gives(
    name: str, status: str, code: str, openapi: Document
) -> None:
    assert (
        named(openapi, name)["responses"][status]["content"]["application/problem+json"]["example"]["code"]
        == code
    )


# Comes with a repetition alone, or where there is a limit.
OPTIONAL_HEADERS = {"Idempotency-Replayed", "RateLimit", "RateLimit-Policy"}
# What refuses a credential for another reason than its scopes as well: that is 403 without this header.
SIGNED_IN = {
    *("POST /auth/logout-all", "POST /auth/password", "DELETE /auth/sessions/{session_id}", "DELETE /api/me"),
    *("POST /auth/email", "POST /auth/verify-email/send"),
}


def expected_headers(operation: Operation, status: str) -> set[str]:
    """Return the headers that a response is to be documented with: its request id, and what a caller can act on."""
    own = {
        "401": {"WWW-Authenticate"},
        "403": {"WWW-Authenticate"},
        "412": {"ETag"},
        "429": {"Retry-After"},
        "503": {"Retry-After"},
        "304": {"ETag"},
    }
    limited = {"RateLimit", "RateLimit-Policy"} if "429" in operation.content["responses"] else set()
    if not operation.content["security"]:
        del own["403"]  # It is about a page there, and not about a scope.
    expected = {"X-Request-ID", *own.get(status, set()), *limited}
    if not status.startswith("2") or not operation.content["security"]:
        return expected
    contents = media_types(operation.content["responses"][status]).values()
    expected |= (
        {"ETag"} if any(referred_name(content["schema"]) in VERSIONED for content in contents) else set()
    )
    expected |= {"Location"} if status == "201" else set()
    expected |= {"Content-Disposition"} if operation.path.endswith("/export") else set()
    keeps_answers = operation.method != "GET" and operation.name not in (*KEYLESS, *LAST)
    return expected | ({"Idempotency-Replayed"} if keeps_answers else set())


@pytest.mark.spec("SAFE-007", "SAFE-011")
def test_every_response_tells_of_its_request_id_and_of_what_a_caller_can_act_on(openapi: Document) -> None:
    for operation in read_operations(openapi):
        for status, response in operation.content["responses"].items():
            assert response["headers"].keys() == expected_headers(operation, status), (
                f"{operation.name} {status}"
            )
            optional = set(OPTIONAL_HEADERS)
            if status == "403" and (operation.name in SIGNED_IN or operation.path.startswith(ADMINISTRATION)):
                optional.add("WWW-Authenticate")
            assert {
                name for name, header in response["headers"].items() if not header["required"]
            } <= optional


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
def test_an_operation_tells_of_the_headers_that_it_takes(
    name: str, expected: set[str], openapi: Document
) -> None:
    headers = [
        parameter for parameter in named(openapi, name).get("parameters", ()) if parameter["in"] == "header"
    ]
    assert {header["name"] for header in headers} == expected
    assert not any(header["required"] for header in headers)
    assert all(header["description"] for header in headers)


@pytest.mark.parametrize(
    ("header", "good", "bad"),
    [
        ("If-Match", ["*", '"3"', 'W/"3"', '"3", W/"4","5"', '""'], ["", "3", '"3', '*, "3"', '"a b"']),
        (
            "Idempotency-Key",
            ['"a key"', "a-key", r'"a \"b\""', "k" * 255],
            ["", '""', "two words", "k" * 256, '"k', "\u00fc"],
        ),
    ],
)
def test_the_pattern_of_a_header_is_what_the_service_reads(
    header: str, good: list[str], bad: list[str], openapi: Document
) -> None:
    [schema] = [
        parameter["schema"]
        for parameter in named(openapi, "updateTask")["parameters"]
        if parameter["name"] == header
    ]
    assert [value for value in good if not re.search(schema["pattern"], value)] == []
    assert [value for value in bad if re.search(schema["pattern"], value)] == []
    assert [value for value in good if not READERS[header](value)] == []
    for value in bad:
        with pytest.raises(ValueError, match="must be"):
            READERS[header](value)


@pytest.mark.spec("SAFE-010")
def test_a_problem_may_tell_of_conflicts(openapi: Document) -> None:
    problem, shown = (
        component(openapi, "Problem"),
        named(openapi, "updateTask")["responses"]["409"]["content"]["application/problem+json"],
    )
    assert "conflicts" not in problem["required"]
    assert "default" not in problem["properties"]["conflicts"]
    assert [conflict["field"] for conflict in shown["example"]["conflicts"]] == ["title"]


def test_what_programs_are_made_from_has_names(openapi: Document) -> None:
    fields = component(openapi, "ChangeRead")["properties"]
    assert [component(openapi, name)["enum"] for name in ("Action", "Source")] == [list(Action), list(Source)]
    assert [fields[name]["$ref"].rsplit("/", 1)[-1] for name in ("action", "source", "entity")] == [
        "Action",
        "Source",
        "Entity",
    ]
    scheme = openapi["components"]["securitySchemes"]["bearer"]
    assert scheme["scheme"] == "bearer"


@pytest.mark.spec("SPEC-004", "TOKEN-003")
def test_the_kinds_of_bearers_are_named_and_none_is_said_to_be_the_only_one(openapi: Document) -> None:
    scheme = openapi["components"]["securitySchemes"]["bearer"]
    assert "bearerFormat" not in scheme
    assert all(
        kind in scheme["description"] for kind in ("/auth/login", "issuer", "/api/personal-tokens", "agp_")
    )
