"""The words and the moment of a task as 0002 computes them for the tasks that are there.

Frozen: a change of the domain does not reach it.
"""

import re
import unicodedata
from collections import defaultdict
from datetime import UTC, date, datetime, time
from hashlib import blake2s
from zoneinfo import ZoneInfo

_LONGEST_WORD = 64
_LAST_PLACE, _MOST_PLACES = 16_383, 255
_WORD = re.compile(r"[^\W_]+")
# o, l, d, h, t with a stroke, dotless i, ae, oe: accented letters that Unicode does not decompose.
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


def vector(owner: str, *, title: str, description: str) -> str:
    """Return the text of a tsvector.

    It has the folded words of the title (A) and of the description (B), behind the owner's prefix.
    """
    weighted = [(word, "A") for word in _words(title)] + [(word, "B") for word in _words(description)]
    places: defaultdict[str, list[str]] = defaultdict(list)
    for place, (word, weight) in enumerate(weighted, start=1):
        if len(places[word]) < _MOST_PLACES:
            places[word].append(f"{min(place, _LAST_PLACE)}{weight}")
    prefix = blake2s(owner.encode()).hexdigest()[:10]
    return " ".join(f"'{prefix}/{word}':{','.join(where)}" for word, where in places.items())


def instant(day: date | None, wall_clock: time | None, zone: str | None) -> datetime | None:
    """Return the moment in UTC of a due with a time, or None for one without."""
    if day is None or wall_clock is None or zone is None:
        return None
    return datetime.combine(day, wall_clock, ZoneInfo(zone)).astimezone(UTC)


def _words(text: str) -> list[str]:
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
