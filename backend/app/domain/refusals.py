"""Every refusal that there is, in the order in which it is drawn. It adds none."""

from app.domain import account_errors, errors
from app.domain.errors import AgendumError


def refusals() -> list[type[AgendumError]]:
    """Return the kinds of refusals, and the refusals of each, as they stand in their modules."""
    known = [*vars(errors).values(), *vars(account_errors).values()]
    kinds = [kind for kind in known if isinstance(kind, type) and issubclass(kind, AgendumError)]
    return [kind for kind in dict.fromkeys(kinds) if kind is not AgendumError]
