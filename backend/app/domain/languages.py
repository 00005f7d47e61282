"""Language tags of RFC 5646 (BCP 47): whether one is well formed, and how it is usually written.

It knows no registry of languages.
"""

import re

LONGEST = 35  # Room for what RFC 5646 (4.4.1) recommends, of every part one.
_WELL_FORMED = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"  # The language, with extensions of it.
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"  # Script and region.
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"  # Variants.
    r"(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)


def language_tag(tag: str) -> str:
    """Return a language tag as RFC 5646 (2.1.1) writes it: `de-latn-at` becomes `de-Latn-AT`.

    Raises:
        ValueError: It is not well formed.
    """
    # Spec: features/users.md#USER-052
    if len(tag) > LONGEST or not tag.isascii() or not _WELL_FORMED.fullmatch(tag):
        raise ValueError("must be a language tag such as de or pt-BR")
    first, *others = tag.lower().split("-")
    written = [first]
    for part in others:
        # Behind a single letter stands what is no script and no region.
        plain = all(len(before) > 1 for before in written)
        written.append(
            part.upper() if plain and len(part) == 2 else part.title() if plain and len(part) == 4 else part
        )
    return "-".join(written)
