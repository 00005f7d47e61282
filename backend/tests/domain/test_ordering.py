"""Manual order: a key strictly between its neighbours, and none that grows without need."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.errors import NoRoom
from app.domain.ordering import DIGITS, LONGEST, between, initial, place

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
FIRST = initial(NOW, UUID(int=0))
# Few digits, so that neighbours often share a beginning or are adjacent.
KEYS = st.builds(
    "".join,
    st.tuples(
        st.text(st.sampled_from("01Vyz") | st.sampled_from(DIGITS), max_size=20), st.sampled_from("1Vz")
    ),
)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=420 * 365)).map(
    lambda age: datetime(1970, 1, 1, tzinfo=UTC) + age
)
# Which item moves, and where to; numbers are taken modulo the length of the list.
MOVES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=200)


def is_key(text: str) -> bool:
    """Tell whether a text can be a key: its digits, and its last one."""
    return text != "" and set(text) <= set(DIGITS) and not text.endswith("0")


def neighbours(keys: list[str], place: int) -> tuple[str | None, str | None]:
    """Return the keys around a place in a list."""
    return (keys[place - 1] if place else None), (keys[place] if place < len(keys) else None)


def test_digits_sort_as_their_bytes_do() -> None:
    assert len(DIGITS) == 62
    assert list(DIGITS.encode()) == sorted(DIGITS.encode())


@pytest.mark.spec("ORDER-001")
@given(st.lists(KEYS, min_size=2, max_size=2, unique=True).map(sorted))
def test_a_key_is_strictly_between_its_neighbours(pair: list[str]) -> None:
    before, after = pair
    key = between(before, after)
    assert before.encode() < key.encode() < after.encode()
    assert is_key(key)
    assert len(key) <= max(len(before), len(after)) + 1


@pytest.mark.spec("ORDER-001")
@pytest.mark.parametrize(
    ("before", "after", "key"),
    [("a", "c", "b"), ("a", "b1", "b"), ("a", "b", "aV"), ("az", "b", "azV"), ("a", "a1", "a0V")],
)
def test_a_key_is_short(before: str, after: str, key: str) -> None:
    assert between(before, after) == key


@pytest.mark.spec("ORDER-001")
@given(KEYS)
def test_there_is_a_place_before_and_behind_every_key(key: str) -> None:
    first, last = between(None, key), between(key, None)
    assert first.encode() < key.encode() < last.encode()
    assert is_key(first)
    assert is_key(last)


@pytest.mark.spec("ORDER-001")
@given(MOVES)
def test_any_moves_leave_the_list_as_a_list_of_python_would_be(moves: list[tuple[int, int]]) -> None:
    model = list(range(7))
    keys = {item: initial(NOW + timedelta(seconds=item), UUID(int=item)) for item in model}
    for source, target in moves:
        item = model.pop(source % len(model))
        place = target % (len(model) + 1)
        keys[item] = between(*neighbours([keys[other] for other in model], place))
        model.insert(place, item)
        assert sorted(keys, key=lambda other: keys[other].encode()) == model


@pytest.mark.spec("ORDER-002")
def test_moves_to_the_front_and_to_the_end_do_not_grow_the_key() -> None:
    first, last = [FIRST], [FIRST]
    for _ in range(3_000):
        first.append(between(None, first[-1]))
        last.append(between(last[-1], None))
    assert all(later < earlier for earlier, later in pairwise(first))
    assert all(earlier < later for earlier, later in pairwise(last))
    assert {len(key) for key in first + last} == {13}
    assert last[-1] < initial(NOW + timedelta(milliseconds=1), UUID(int=0)), (
        "What is made later stands behind what was moved to the end."
    )


@pytest.mark.spec("ORDER-002")
@pytest.mark.parametrize("side", ["behind the first", "before the second", "now here, now there"])
def test_hundreds_of_moves_into_one_gap_make_a_key_of_moderate_length(side: str) -> None:
    low, high = FIRST, between(FIRST, None)
    for move in range(700):
        key = between(low, high)
        assert low < key < high
        if side == "before the second" or (side == "now here, now there" and move % 2):
            low = key
        else:
            high = key
    assert len(key) < 140


@pytest.mark.spec("ORDER-002")
def test_a_gap_that_is_used_up_is_refused() -> None:
    low = "V" * LONGEST
    assert len(between(low[1:], low[1:] + "2")) == LONGEST
    with pytest.raises(NoRoom) as refusal:
        between(low, low[:-1] + "W")
    assert refusal.value.code == "NO_ROOM"


@pytest.mark.spec("ORDER-002")
def test_the_ends_of_the_numbers_still_have_room() -> None:
    assert "0" * 13 < between(None, "0" * 12 + "1") < "0" * 12 + "1"
    assert "0" < between(None, "0" * 30 + "1") < "0" * 30 + "1"
    assert between("z" * 13, None) == "z" * 13 + "V"
    assert between(None, "1") == "0" + "z" * 12
    assert between("z", None) == "z" + "0" * 11 + "1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a", "a"),
        ("b", "a"),
        ("a1", "a"),
        ("a", "a0"),
        ("a0", "b"),
        ("", "a"),
        ("a", ""),
        (None, "0"),
        ("a-", None),
        ("a\n", None),
        ("\u0661", None),
        (None, None),
    ],
)
def test_what_is_no_gap_between_keys_is_refused(before: str | None, after: str | None) -> None:
    with pytest.raises(ValueError, match="must be"):
        between(before, after)


@pytest.mark.spec("ORDER-001")
@given(
    MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=366)), st.tuples(st.uuids(), st.uuids())
)
def test_what_is_made_later_stands_behind(moment: datetime, wait: timedelta, ids: tuple[UUID, UUID]) -> None:
    earlier, later = initial(moment, ids[0]), initial(moment + wait, ids[1])
    assert earlier.encode() < later.encode()
    assert is_key(earlier)
    assert len(earlier) == len(later) == 13


def test_what_is_made_in_one_microsecond_is_told_apart_by_its_id() -> None:
    assert len({initial(NOW, UUID(int=number)) for number in range(10_000)}) == 10_000


@pytest.mark.parametrize("moment", [datetime(1969, 12, 31, tzinfo=UTC), datetime(2400, 1, 1, tzinfo=UTC)])
def test_a_clock_that_is_centuries_off_makes_no_key(moment: datetime) -> None:
    with pytest.raises(ValueError, match="1970 to 2398"):
        initial(moment, UUID(int=1))


# A key in front, and one behind, which often begins with it, or with a key between the two.
GAPS = st.tuples(KEYS, KEYS).map(lambda pair: (pair[0], pair[0] + pair[1])) | st.tuples(KEYS, KEYS).map(
    lambda pair: (min(pair), max(pair) + "1")
)


@pytest.mark.spec("ORDER-003")
@given(GAPS, st.uuids(), st.uuids())
@example(("1", "111"), UUID(int=62**5 * 60), UUID(int=62**5 * 59))
def test_two_rows_at_one_place_get_keys_that_differ_by_their_ids(
    gap: tuple[str, str], one: UUID, other: UUID
) -> None:
    low, high = gap
    keys = [place(low, high, entity_id=entity_id) for entity_id in (one, other)]
    assert all(is_key(key) and low.encode() < key.encode() < high.encode() for key in keys)
    assert (keys[0] == keys[1]) == (one.int % (62**5 * 61) == other.int % (62**5 * 61))


@pytest.mark.spec("ORDER-003")
@given(st.none() | KEYS, st.uuids())
def test_a_place_at_either_end_ends_in_digits_of_the_row(key: str | None, entity_id: UUID) -> None:
    edge = key or FIRST
    assert (
        place(None, edge, entity_id=entity_id).encode()
        < edge.encode()
        < place(edge, None, entity_id=entity_id).encode()
    )
    assert place(None, edge, entity_id=entity_id)[-6:] == place(edge, None, entity_id=entity_id)[-6:]


@pytest.mark.spec("ORDER-002", "ORDER-003")
def test_a_place_without_room_for_the_digits_of_a_row_is_refused() -> None:
    low = "V" * (LONGEST - 6)
    assert len(between(low, low + "2")) <= LONGEST
    with pytest.raises(NoRoom):
        place(low, low + "2", entity_id=UUID(int=1))


@pytest.mark.spec("ORDER-003")
@pytest.mark.parametrize("seed", range(20))
def test_no_two_rows_ever_have_one_key_whoever_leaves_and_comes_back(seed: int) -> None:
    chance = Random(seed)
    for _ in range(100):
        ids = [UUID(int=chance.getrandbits(128)) for _ in range(4)]
        keys = {row: initial(NOW + timedelta(microseconds=number), row) for number, row in enumerate(ids)}
        here = set(ids)
        for _ in range(12):
            row, anchor = chance.sample(ids, 2)
            if chance.random() < 0.4:
                here ^= {row}
            elif {row, anchor} <= here:
                behind = [keys[other] for other in here - {row} if keys[other] > keys[anchor]]
                keys[row] = place(keys[anchor], min(behind, default=None), entity_id=row)
            assert len(set(keys.values())) == len(ids)


@pytest.mark.spec("ORDER-002", "ORDER-003")
def test_digits_of_the_rows_own_do_not_add_up() -> None:
    low, high = FIRST, initial(NOW + timedelta(seconds=1), UUID(int=0))
    for number in range(700):
        high = place(low, high, entity_id=UUID(int=number * 7919))
    assert len(high) < 200
