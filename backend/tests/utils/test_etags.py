"""Entity tags are read as RFC 9110 writes them, and nothing else is."""

import pytest

from app.utils.etags import InvalidTagError, read_tags, weakly_equal


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ('"3"', {'"3"'}),
        ('W/"3"', {'W/"3"'}),
        ('"3", W/"4" ,"5"', {'"3"', 'W/"4"', '"5"'}),
        ('"3",\t"3"', {'"3"'}),
        ('""', {'""'}),
        ('"a,b"', {'"a,b"'}),
        ('"W/"', {'"W/"'}),
        ('"\xe9"', {'"\xe9"'}),
        (' , "3", , "4",', {'"3"', '"4"'}),
    ],
)
def test_a_list_of_tags_is_read(header: str, tags: set[str]) -> None:
    assert sorted(read_tags(header) or ()) == sorted(tags)


@pytest.mark.parametrize("header", ["*", " *", "*\t"])
def test_a_star_means_any(header: str) -> None:
    assert read_tags(header) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ",",
        "3",
        "'3'",
        '"3',
        '3"',
        '"3" "4"',
        '"3";a',
        'w/"3"',
        'W"3"',
        'W/ "3"',
        '"a b"',
        '"a\x7fb"',
        '*, "3"',
        '"3", *',
        "**",
    ],
)
def test_what_is_neither_a_star_nor_a_list_of_tags_is_refused(header: str) -> None:
    with pytest.raises(InvalidTagError) as refusal:
        read_tags(header)
    assert str(refusal.value) == 'must be * or entity tags such as "3"'


def test_a_list_is_read_up_to_a_length_and_refused_beyond() -> None:
    longest = ",".join(['"1"'] * 1024)
    assert read_tags(longest) == frozenset({'"1"'})
    with pytest.raises(InvalidTagError):
        read_tags(longest + '"2"')


@pytest.mark.parametrize(
    "hostile",
    ['"1",' * 1023 + "!", "," * 4095 + "!", " " * 4095 + "!", '"1"' + " ," * 2000 + "!", "W/" * 2048],
)
def test_a_hostile_list_ends_in_a_refusal(hostile: str) -> None:
    with pytest.raises(InvalidTagError):
        read_tags(hostile)


@pytest.mark.parametrize(
    ("first", "second", "equal"),
    [
        ('"3"', '"3"', True),
        ('W/"3"', '"3"', True),
        ('W/"3"', 'W/"3"', True),
        ('"3"', '"4"', False),
        ('"3"', '"03"', False),
    ],
)
def test_tags_are_compared_without_regard_to_weakness(first: str, second: str, *, equal: bool) -> None:
    assert weakly_equal(first, second) is equal
    assert weakly_equal(second, first) is equal
