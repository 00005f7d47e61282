"""What is said about a wrong input: our own words, which never repeat it."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from app.domain.faults import FieldError
from app.schemas.messages import _MESSAGES, field_errors
from app.schemas.paging import ChangeQuery, PageQuery
from app.schemas.registration import AccountCreate
from app.schemas.task import TaskCreate

CANARY = "canary-7f3a"
SHAPES: tuple[type[BaseModel], ...] = (TaskCreate, AccountCreate, PageQuery, ChangeQuery)
_PLACES = st.sampled_from(
    [
        "title",
        "description",
        "completed",
        "priority",
        "due",
        "id",
        "email",
        "password",
        "name",
        "limit",
        "after",
        "cursor",
        "count",
    ]
)
_HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8).map(lambda text: text + CANARY),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["date", "time", "timezone", f"{CANARY} x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def told(shape: type[BaseModel], value: Any) -> tuple[FieldError, ...]:
    """Return what is said about an input that a shape refuses, or nothing if it takes it."""
    try:
        shape.model_validate(value)
    except ValidationError as error:
        return field_errors([{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()])
    return ()


@pytest.mark.spec("OPS-001")
@given(
    value=st.dictionaries(_PLACES | st.just(f"<{CANARY}>"), _HOSTILE, max_size=6),
    shape=st.sampled_from(SHAPES),
)
def test_no_message_repeats_the_input(value: dict[str, Any], shape: type[BaseModel]) -> None:
    faults = told(shape, value)
    assert CANARY not in str(faults)
    assert all(fault.field and fault.message for fault in faults)
    assert "{" not in str(faults)


@pytest.mark.spec("OPS-001")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, FieldError("title", "is required")),
        ({"title": "x" * 501}, FieldError("title", "must have at most 500 characters")),
        ({"title": 5}, FieldError("title", "must be text")),
        ({"title": "a", "completed": 1}, FieldError("completed", "must be true or false")),
        ({"title": "a", "id": "x"}, FieldError("id", "must be a UUID")),
        ({"title": "a", "due": 5}, FieldError("due", "must be an object")),
        ({"title": "a", "due": {}}, FieldError("due.date", "is required")),
        (
            {"title": "a", "due": {"date": "2026-02-30"}},
            FieldError("due.date", "must be a date such as 2026-12-01"),
        ),
        (
            {"title": "a", "due": {"date": "2026-12-01", "time": "09:00"}},
            FieldError("due", "time and timezone must be given together"),
        ),
        ({"title": "a", "colour": 1}, FieldError("colour", "is not a known field")),
        ({"title": "a", "x" * 65: 1}, FieldError("(unnamed)", "is not a known field")),
        ({"title": "a", "a b": 1}, FieldError("(unnamed)", "is not a known field")),
        ([], FieldError("body", "must be an object")),
    ],
)
def test_a_fault_is_told_in_plain_words(value: Any, expected: FieldError) -> None:
    assert told(TaskCreate, value) == (expected,)


@pytest.mark.spec("OPS-001")
def test_a_kind_of_fault_without_words_is_told_without_the_input() -> None:
    fault = {
        "type": "made_up",
        "loc": ("query", "items", 3, "x"),
        "msg": CANARY,
        "input": CANARY,
        "ctx": {"error": CANARY},
    }
    assert field_errors([fault]) == (FieldError("items.3.x", "is not valid"),)


@pytest.mark.spec("OPS-001")
def test_no_more_than_20_faults_are_told() -> None:
    assert (
        len(told(TaskCreate, json.loads("{" + ",".join(f'"f{number}":1' for number in range(50)) + "}")))
        == 20
    )


def test_there_are_words_only_for_faults_that_exist() -> None:
    assert _MESSAGES.keys() <= set(get_args(ErrorType))
