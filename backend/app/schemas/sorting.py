"""How a list is sorted, as an address says it: columns by commas or repeated, `-` for descending. It knows no table."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.domain.sorting import MOST_COLUMNS, CategorySort, CommentSort, NamedSort, TaskSort, UserSort
from app.schemas.query_fields import several


def _known(choices: type[StrEnum]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what refuses a column that a list is not sorted by, or that is named twice, by its name."""
    columns = {choice.removeprefix("-") for choice in choices}

    def check(sort: Sequence[str]) -> Sequence[str]:
        # Spec: features/finding.md#FIND-006
        names = [text.removeprefix("-") for text in sort]
        faults = {name: "is not a column to sort by" for name in names if name not in columns}
        faults |= {name: "is named twice" for name in names if names.count(name) > 1}
        if faults:
            told = {
                name: PydanticCustomError("value_error", "{error}", {"error": fault})
                for name, fault in faults.items()
            }
            details = [InitErrorDetails(type=error, loc=(name,), input=None) for name, error in told.items()]
            raise ValidationError.from_exception_data("sort", details)
        return sort

    return check


_AnySort = Annotated[list[str], Len(1, MOST_COLUMNS)]
_TaskChoices = Annotated[list[TaskSort], Len(1, MOST_COLUMNS)]
_NamedChoices = Annotated[list[NamedSort], Len(1, MOST_COLUMNS)]
_CategoryChoices = Annotated[list[CategorySort], Len(1, MOST_COLUMNS)]
_CommentChoices = Annotated[list[CommentSort], Len(1, MOST_COLUMNS)]
_UserChoices = Annotated[list[UserSort], Len(1, MOST_COLUMNS)]
TaskSorts = Annotated[
    _AnySort, BeforeValidator(several, json_schema_input_type=_TaskChoices), AfterValidator(_known(TaskSort))
]
NamedSorts = Annotated[
    _AnySort,
    BeforeValidator(several, json_schema_input_type=_NamedChoices),
    AfterValidator(_known(NamedSort)),
]
CategorySorts = Annotated[
    _AnySort,
    BeforeValidator(several, json_schema_input_type=_CategoryChoices),
    AfterValidator(_known(CategorySort)),
]
CommentSorts = Annotated[
    _AnySort,
    BeforeValidator(several, json_schema_input_type=_CommentChoices),
    AfterValidator(_known(CommentSort)),
]
UserSorts = Annotated[
    _AnySort, BeforeValidator(several, json_schema_input_type=_UserChoices), AfterValidator(_known(UserSort))
]
