"""The difference between two states of a thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.changes import Difference, difference

NAMES = ("title", "completed", "due")
DOCUMENTS = st.fixed_dictionaries({name: st.one_of(st.none(), st.booleans(), st.text(max_size=3)) for name in NAMES})


@pytest.mark.spec("CHANGE-005")
def test_a_creation_has_no_before_and_everything_after() -> None:
    assert difference(None, {"title": "a", "due": None}) == Difference(None, {"title": "a", "due": None})


@pytest.mark.spec("CHANGE-005")
def test_only_what_differs_is_named() -> None:
    before, after = {"title": "a", "completed": False, "due": {"date": "x"}}, {"title": "a", "completed": True, "due": None}
    assert difference(before, after) == Difference({"completed": False, "due": {"date": "x"}}, {"completed": True, "due": None})


@pytest.mark.spec("CHANGE-005")
@given(before=DOCUMENTS, after=DOCUMENTS)
def test_a_difference_leads_from_one_state_to_the_other_and_back(before: dict[str, object], after: dict[str, object]) -> None:
    changed = difference(before, after)
    assert changed.before is not None
    assert before | changed.after == after
    assert after | changed.before == before
    assert changed.before.keys() == changed.after.keys() == {name for name in NAMES if before[name] != after[name]}
