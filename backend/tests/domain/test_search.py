"""Full-text search: which words a text has, and what PostgreSQL makes of the texts of vectors and questions."""

import unicodedata

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.fields import DESCRIPTION_LENGTH, TITLE_LENGTH
from app.domain.search import MOST_WORDS, query, vector, words

pytestmark = pytest.mark.broad

ADA, BOB = "ada", "bob"
# What the doors let through: no NUL and no surrogate.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0")) | st.text(
    st.sampled_from("ab \\'\":*&|!()<->/_,\u00e9\u0301\n"), max_size=40
)
ANY_TIMES = settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def found(connection: asyncpg.Connection, document: str, question: str | None) -> bool:
    """Ask PostgreSQL whether a vector matches a query."""
    return bool(await connection.fetchval("SELECT $1::tsvector @@ $2::tsquery", document, question))


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pay rent", ["pay", "rent"]),
        ("Caf\u00e9 Cafe\u0301 CAFE\u0301", ["cafe"] * 3),
        ("STRASSE Stra\u00dfe stra\u1e9ee", ["strasse"] * 3),
        (
            "\u0141\u00f3d\u017a \u00d8rsted c\u0153ur \u0110\u00e0 N\u1eb5ng",
            ["lodz", "orsted", "coeur", "da", "nang"],
        ),
        ("I\u015f\u0131k I\u015eIK \u0130\u015fik", ["isik"] * 3),
        ("snake_case, kebab-case; a.b/c'd", ["snake", "case", "kebab", "case", "a", "b", "c", "d"]),
        ("\uff21\uff22\uff11 \ufb01n x\u00b2", ["ab1", "fin", "x2"]),
        (
            "\u0391\u03b8\u03ae\u03bd\u03b1\u03c2 \u0391\u0398\u0397\u039d\u0391\u03a3",
            ["\u03b1\u03b8\u03b7\u03bd\u03b1\u03c3"] * 2,
        ),
        ("\u4f1a\u8bae 2026", ["\u4f1a\u8bae", "2026"]),
        ("\u2764\ufe0f 1\ufe0f\u20e3 \U0001f3e0", ["1"]),
        ("", []),
        (" _-'\\:*&|!() ", []),
        ("a" * 100, ["a" * 64]),
    ],
)
def test_a_text_is_folded_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.spec("FIND-008")
@given(TEXTS)
def test_words_are_letters_and_digits_alone_and_stay_what_they_are(text: str) -> None:
    found_words = words(text)
    assert all(word.isalnum() and len(word) <= 64 for word in found_words)
    assert words(" ".join(found_words)) == found_words
    assert (
        words(unicodedata.normalize("NFC", text)) == words(unicodedata.normalize("NFD", text)) == found_words
    )


@pytest.mark.spec("FIND-008")
def test_a_vector_names_the_places_of_each_word_and_their_weight() -> None:
    prefix = vector(ADA, important="x").split("/")[0]
    assert (
        vector(ADA, important="Pay rent", other="pay late")
        == f"{prefix}/pay':1A,3B {prefix}/rent':2A {prefix}/late':4B"
    )
    assert prefix[0] == "'"
    assert len(prefix) == 11
    assert vector(ADA, important=" ", other="...") == ""
    assert (
        vector(ADA, important="a " * 300, other="b")
        == f"{prefix}/a':{','.join(f'{place}A' for place in range(1, 256))} {prefix}/b':301B"
    )
    assert vector(ADA, important="a " * 20_000, other="b").endswith("/b':16383B")


@pytest.mark.spec("FIND-008")
def test_a_question_is_all_words_and_the_beginning_of_the_last() -> None:
    prefix = vector(ADA, important="x").split("/")[0]
    assert query(ADA, "Pay re") == f"{prefix}/pay' & {prefix}/re':*"
    assert [query(ADA, text) for text in ("", " ", "\u2764!")] == [None] * 3


@pytest.mark.spec("FIND-008")
def test_a_question_has_a_limit_of_words() -> None:
    assert str(query(ADA, "a " * MOST_WORDS)).count("&") == MOST_WORDS - 1
    with pytest.raises(ValueError, match="must have at most 16 words"):
        query(ADA, "a " * (MOST_WORDS + 1))


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("pay", "found"),
        ("PAY RENT", "found"),
        ("rent pay", "found"),
        ("pay cafe", "found"),
        ("pay caf\u00e9 re", "found"),
        ("re pay", "missed"),
        ("rent now", "missed"),
        ("ay", "missed"),
    ],
)
async def test_all_words_must_be_there_and_the_last_may_be_a_beginning(
    connection: asyncpg.Connection, question: str, expected: str
) -> None:
    document = vector(ADA, important="Pay rent", other="of the Caf\u00e9")
    assert await found(connection, document, query(ADA, question)) is (expected == "found")
    assert not await found(connection, document, query(BOB, question))


@pytest.mark.spec("FIND-008")
@ANY_TIMES
@given(title=TEXTS, description=TEXTS, question=TEXTS)
async def test_postgresql_reads_whatever_people_write(
    connection: asyncpg.Connection, title: str, description: str, question: str
) -> None:
    document = vector(ADA, important=title, other=description)
    assert await connection.fetchval("SELECT length($1::tsvector)", document) == len(
        {*words(title), *words(description)}
    )
    asked, there = words(question)[:MOST_WORDS], {*words(title), *words(description)}
    expected = bool(asked) and {*asked[:-1]} <= there and any(word.startswith(asked[-1]) for word in there)
    assert await found(connection, document, query(ADA, " ".join(asked))) is expected
    assert await found(connection, document, query(ADA, " ".join(words(title)[:MOST_WORDS]))) is bool(
        words(title)
    )


@pytest.mark.spec("FIND-008")
@pytest.mark.parametrize(
    "description",
    [
        "a " * (DESCRIPTION_LENGTH // 2),
        "".join(chr(0x4E00 + number) + " " for number in range(DESCRIPTION_LENGTH // 2)),
        "".join(chr(0x4E00 + number) + "\ufdfa" for number in range(DESCRIPTION_LENGTH // 2)),
        "\ufdfa" * DESCRIPTION_LENGTH,
        "\u33c2" * DESCRIPTION_LENGTH,
    ],
    ids=["one word", "each another word", "long words", "words that grow", "two words for a character"],
)
async def test_the_longest_texts_fit_into_a_vector(connection: asyncpg.Connection, description: str) -> None:
    document = vector(ADA, important="\U00020000" * TITLE_LENGTH, other=description + "\nend")
    assert await found(connection, document, query(ADA, "end"))
    assert await connection.fetchval("SELECT pg_column_size($1::tsvector)", document) < 2**19


async def test_a_match_in_what_is_important_ranks_first(connection: asyncpg.Connection) -> None:
    ranks = [
        await connection.fetchval("SELECT ts_rank($1::tsvector, $2::tsquery)", document, query(ADA, "rent"))
        for document in (
            vector(ADA, important="rent", other="pay"),
            vector(ADA, important="pay", other="rent"),
        )
    ]
    assert ranks[0] > ranks[1] > 0
