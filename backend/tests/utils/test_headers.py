"""Keys and preferences are read as their standards write them."""

import pytest

from app.utils.headers import LONGEST_KEY, InvalidHeaderError, idempotency_key, prefers


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('"8e03978e"', "8e03978e"),
        ("8e03978e", "8e03978e"),
        ('"two words"', "two words"),
        (r'"a \"quoted\" \\ key"', r'a "quoted" \ key'),
        (r"C:\key;1", r"C:\key;1"),
        ("k" * LONGEST_KEY, "k" * LONGEST_KEY),
        ('"' + "k" * LONGEST_KEY + '"', "k" * LONGEST_KEY),
    ],
)
def test_a_key_is_the_same_with_quotes_and_without(line: str, key: str) -> None:
    assert idempotency_key([line]) == key


def test_no_header_is_no_key() -> None:
    assert idempotency_key([]) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        '""',
        "two words",
        '"',
        '"a',
        'a"b',
        '"a"b',
        '"a";b=1',
        r'"a\b"',
        "k\x00",
        "k\x7f",
        '"k\x1f"',
        "k\n",
        "\xe9",
        '"\u20ac"',
        "k" * (LONGEST_KEY + 1),
        '"' + "k" * (LONGEST_KEY + 1) + '"',
    ],
)
def test_what_is_no_key_is_refused(line: str) -> None:
    with pytest.raises(InvalidHeaderError, match=r"^must be one key of 1 to 255 visible characters$"):
        idempotency_key([line])


def test_two_keys_are_refused_though_they_are_equal() -> None:
    with pytest.raises(InvalidHeaderError):
        idempotency_key(["k", "k"])


@pytest.mark.parametrize(
    "lines",
    [
        ["merge"],
        ["Merge"],
        ["respond-async, MERGE"],
        ["return=minimal;a=b ,\tmerge ; c"],
        ["return=minimal", "merge"],
        ['a="x, y", merge'],
        [r'a="\"", merge'],
    ],
)
def test_a_preference_is_found_among_others(lines: list[str]) -> None:
    assert prefers(lines, "merge")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["merger"],
        ["merge=no"],
        ["a;merge"],
        ["a=merge"],
        ['a="x, merge, y"'],
        ['a="x, merge'],
        [r'a="\", merge, "'],
    ],
)
def test_what_is_no_preference_of_that_name_is_not_taken_for_it(lines: list[str]) -> None:
    assert not prefers(lines, "merge")


@pytest.mark.parametrize("hostile", ['"\\' * 50_000, '"' * 100_000, "," * 100_000, '\\"' * 50_000])
def test_a_hostile_list_of_preferences_is_read_to_its_end(hostile: str) -> None:
    assert not prefers([hostile], "merge")
