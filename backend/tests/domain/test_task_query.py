"""Questions to the task list as saved filters keep them.

What is kept asks the same again, and is never more than was asked.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.sorting import TaskSort
from app.schemas.messages import field_errors
from app.schemas.task_query import TaskFilter

ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["open", "completed"]),
        "priority": st.sampled_from(["low", ["high", "none"], ["low,urgent", "low"]]),
        "category_id": st.sampled_from([ID, "none"]),
        "parent_id": st.sampled_from([ID.upper(), "none"]),
        "tag": st.sampled_from(["errand", ["shop", ID], ["b,a", "b"]]),
        "tag_match": st.sampled_from(["any", "all"]),
        "due_before": st.dates().filter(lambda day: 1900 <= day.year <= 9998).map(str),
        "overdue": st.booleans() | st.sampled_from(["true", "false"]),
        "updated_after": st.sampled_from(
            ["2026-12-01T09:00:00Z", "2026-12-01t09:00:00.123456789+05:45", "2026-12-01T09:00 01:00"]
        ),
        "include_hidden": st.booleans(),
        "q": st.sampled_from(["rent", "Caf\u00e9 'x'"]),
        "sort": st.lists(
            st.sampled_from([sort for sort in TaskSort if not sort.startswith("-")]),
            min_size=1,
            max_size=4,
            unique=True,
        ),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
    },
)


@pytest.mark.spec("FIND-003")
@given(QUESTIONS)
def test_what_is_kept_as_json_asks_the_same(question: dict[str, Any]) -> None:
    asked = TaskFilter.model_validate(question)
    kept = json.loads(json.dumps(asked.model_dump(mode="json", exclude_unset=True)))
    assert TaskFilter.model_validate(kept) == asked
    assert kept.keys() == question.keys()


@pytest.mark.spec("FIND-003")
def test_sets_are_kept_in_one_order() -> None:
    first, second = (
        {"priority": "urgent,low", "tag": "b,a"},
        {"priority": ["low", "urgent", "low"], "tag": ["a", "b", "a"]},
    )
    assert TaskFilter.model_validate(first) == TaskFilter.model_validate(second)


@pytest.mark.spec("FIND-003")
@pytest.mark.parametrize(
    "moment",
    ["2026-12-01T09:00:00+01:00", "2026-12-01T09:00:00 01:00", "2026-12-01T08:00Z", "2026-12-01t08:00:00.0z"],
)
def test_a_moment_is_written_as_rfc_3339_has_it(moment: str) -> None:
    asked = TaskFilter.model_validate({"updated_after": moment})
    assert asked.model_dump(mode="json")["updated_after"] == "2026-12-01T08:00:00Z"


@pytest.mark.spec("FIND-003")
@pytest.mark.parametrize("name", ["priority", "tag", "sort"])
@pytest.mark.parametrize("value", [[], {}, 5, [5], [[]], ["x"] * 101, "," * 500_000])
def test_what_is_no_list_of_a_few_texts_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        TaskFilter.model_validate({name: value})
    assert {error.field.partition(".")[0] for error in field_errors(refusal.value.errors())} == {name}


@pytest.mark.spec("FIND-006")
@pytest.mark.parametrize("column", ["", "-", "rank", "--due", "Due"])
def test_what_is_no_column_is_no_sort(column: str) -> None:
    with pytest.raises(ValidationError, match="is not a column to sort by"):
        TaskFilter.model_validate({"sort": [column]})
