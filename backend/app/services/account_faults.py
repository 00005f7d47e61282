"""How a document of everything is refused, whoever finds its faults. It looks for none itself."""

from collections.abc import Sequence
from typing import NoReturn

from app.domain.errors import Invalid
from app.domain.faults import FieldError

# What finds as many faults looks for no more.
MOST_ERRORS = 20


def refuse(errors: Sequence[FieldError]) -> NoReturn:
    """Refuse a document for its faults, of which the first 20 are told.

    Raises:
        Invalid: Always.
    """
    told = tuple(errors[:MOST_ERRORS])
    raise Invalid(f"{told[0].field or 'the document'}: {told[0].message}", errors=told)
