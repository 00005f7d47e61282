"""Field types that wire shapes share, with the rule of each. They say what a value must be; tables repeat what matters as constraints."""

import datetime
from typing import Annotated

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, Strict, StringConstraints

from app.domain.due import known_zone, whole_second
from app.domain.text import one_line, storable

TITLE_LENGTH = 500
DESCRIPTION_LENGTH = 10_000
NAME_LENGTH = 200
PASSWORD_LENGTH = (8, 256)
LARGEST_NUMBER = 2**63 - 1


def _written(value: object) -> object:
    if not isinstance(value, str | datetime.date | datetime.time):
        raise ValueError("must be text")
    return value


# The limits of length come first, so that no rule is asked about a megabyte of text.
Title = Annotated[str, StringConstraints(max_length=TITLE_LENGTH), AfterValidator(one_line)]
Description = Annotated[str, StringConstraints(max_length=DESCRIPTION_LENGTH), AfterValidator(storable)]
PersonName = Annotated[str, StringConstraints(max_length=NAME_LENGTH), AfterValidator(one_line)]
# Spec: features/users.md#USER-003
Password = Annotated[str, Len(*PASSWORD_LENGTH)]
Flag = Annotated[bool, Strict()]
DueDate = Annotated[datetime.date, BeforeValidator(_written)]
DueTime = Annotated[datetime.time, BeforeValidator(_written), AfterValidator(whole_second)]
ZoneName = Annotated[str, AfterValidator(known_zone)]
