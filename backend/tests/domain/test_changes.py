"""The difference between two states of a thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.changes import Difference, Write, difference, last_writes, standing_writes

NAMES = ("title", "completed", "due")
DOCUMENTS = st.fixed_dictionaries(
    {name: st.one_of(st.none(), st.booleans(), st.text(max_size=3)) for name in NAMES}
)


@pytest.mark.spec("CHANGE-005")
def test_a_creation_has_no_before_and_everything_after() -> None:
    assert difference(None, {"title": "a", "due": None}) == Difference(None, {"title": "a", "due": None})


@pytest.mark.spec("CHANGE-005")
def test_only_what_differs_is_named() -> None:
    before, after = (
        {"title": "a", "completed": False, "due": {"date": "x"}},
        {"title": "a", "completed": True, "due": None},
    )
    assert difference(before, after) == Difference(
        {"completed": False, "due": {"date": "x"}}, {"completed": True, "due": None}
    )


@pytest.mark.spec("CHANGE-005")
@given(before=DOCUMENTS, after=DOCUMENTS)
def test_a_difference_leads_from_one_state_to_the_other_and_back(
    before: dict[str, object], after: dict[str, object]
) -> None:
    changed = difference(before, after)
    assert changed.before is not None
    assert before | changed.after == after
    assert after | changed.before == before
    assert (
        changed.before.keys()
        == changed.after.keys()
        == {name for name in NAMES if before[name] != after[name]}
    )


@pytest.mark.spec("UNDO-005")
@pytest.mark.parametrize(
    ("writes", "standing"),
    [
        ([], {}),
        ([Write(2, None, ["title", "due"]), Write(3, None, ["due"])], {"title": 2, "due": 3}),
        ([Write(2, None, ["title"]), Write(3, 2, ["title"])], {}),
        ([Write(2, None, ["title"]), Write(3, 2, ["title"]), Write(4, 3, ["title"])], {"title": 4}),
        (
            [
                Write(2, None, ["title"]),
                Write(3, 2, ["title"]),
                Write(4, 3, ["title"]),
                Write(5, 4, ["title"]),
            ],
            {},
        ),
        ([Write(2, None, ["title"]), Write(3, 2, ["title"]), Write(4, None, ["title"])], {"title": 4}),
        ([Write(2, None, ["title"]), Write(3, 1, ["title"])], {"title": 3}),
        # What an undoing writes beyond what it undoes stands.
        ([Write(2, None, ["deleted_at"]), Write(3, 2, ["deleted_at", "category_id"])], {"category_id": 3}),
    ],
)
def test_a_write_stands_unless_an_undoing_that_stands_names_it(
    writes: list[Write], standing: dict[str, int]
) -> None:
    assert standing_writes(writes) == standing


@pytest.mark.spec("SAFE-010")
def test_the_last_write_of_each_field_is_told() -> None:
    assert last_writes([Write(2, None, ["title", "due"]), Write(3, 2, ["due"])]) == {"title": 2, "due": 3}
