"""Full-text search: what texts and questions look like to PostgreSQL, as texts of tsvector and tsquery.

It runs nothing.
"""

import re
import unicodedata
from collections import defaultdict
from hashlib import blake2s

MOST_WORDS = 16
_LONGEST_WORD = 64
# What PostgreSQL keeps of a word's places; a place past the last one counts as the last.
_LAST_PLACE, _MOST_PLACES = 16_383, 255
_WORD = re.compile(r"[^\W_]+")
# Letters that people take for accented ones, and that Unicode does not decompose: o, l, d, h and t with a stroke,
# dotless i, ae, oe.
_LETTERS = str.maketrans(
    {
        "\u00f8": "o",
        "\u0142": "l",
        "\u0111": "d",
        "\u0127": "h",
        "\u0167": "t",
        "\u0131": "i",
        "\u00e6": "ae",
        "\u0153": "oe",
    }
)


def words(text: str) -> list[str]:
    """Return the runs of letters and digits, folded: without accents, in one letter case, each cut to 64 characters."""
    # Spec: features/finding.md#FIND-008
    decomposed = unicodedata.normalize("NFKD", text)
    marks = {
        ord(character): None
        for character in set(decomposed)
        if unicodedata.category(character).startswith("M")
    }
    return [
        word[:_LONGEST_WORD]
        for word in _WORD.findall(decomposed.translate(marks).casefold().translate(_LETTERS))
    ]


def vector(owner: str, *, important: str, other: str = "") -> str:
    """Return the text of a tsvector.

    Args:
        owner: Whose text it is; nobody else's question matches it.
        important: What a match weighs more in (A).
        other: What else may match (B).
    """
    # Spec: features/finding.md#FIND-008
    weighted = [(word, "A") for word in words(important)] + [(word, "B") for word in words(other)]
    places: defaultdict[str, list[str]] = defaultdict(list)
    for place, (word, weight) in enumerate(weighted, start=1):
        if len(places[word]) < _MOST_PLACES:
            places[word].append(f"{min(place, _LAST_PLACE)}{weight}")
    prefix = _prefix(owner)
    return " ".join(f"'{prefix}/{word}':{','.join(where)}" for word, where in places.items())


def query(owner: str, text: str) -> str | None:
    """Return the text of a tsquery for all words of a question, the last of which may be the beginning of a word.

    Returns:
        None if there is no word in the question.

    Raises:
        ValueError: The question has more than 16 words.
    """
    # Spec: features/finding.md#FIND-008
    asked = words(text)
    if len(asked) > MOST_WORDS:
        raise ValueError(f"must have at most {MOST_WORDS} words")
    prefix = _prefix(owner)
    return " & ".join(f"'{prefix}/{word}'" for word in asked) + ":*" if asked else None


def _prefix(owner: str) -> str:
    """Return what stands before each word of a person, so that the index keeps people apart."""
    return blake2s(owner.encode()).hexdigest()[:10]
