"""A person's personal tokens in PostgreSQL. The digest is written with the token, and never read here."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from sqlalchemy import Text, cast, null

from app.domain.callers import Scope, known_scopes
from app.models.personal_token import PersonalToken, PersonalTokenRow
from app.repositories.listing import ListedTable, moments
from app.repositories.questions import Condition, containing_in_any_case
from app.repositories.recorded import Recorded
from app.repositories.recorded_statements import Derived, OwnedStatements
from app.utils.checked_tokens import digest_of


def _digest(_owner: str, row: PersonalTokenRow) -> bytes:
    # Spec: features/personal-tokens.md#TOKEN-003
    if row.token is None:
        raise RuntimeError("a personal token is stored when it is made")
    return digest_of(row.token)


def _read(scopes: Iterable[str]) -> tuple[Scope, ...]:
    return tuple(known_scopes(scopes))


_STATEMENTS = OwnedStatements(
    PersonalToken,
    PersonalTokenRow,
    texts=("name",),
    gathered={"token": cast(null(), Text)},
    derived={"digest": Derived(frozenset({"token"}), _digest)},
    decode={"scopes": _read},
)
_TABLE = _STATEMENTS.table


class PersonalTokens(Recorded[PersonalTokenRow]):
    """The personal tokens of one person."""

    entity = "personal_token"
    statements = _STATEMENTS
    listed = ListedTable(_TABLE, {"name": (_TABLE.c.name,), **moments(_TABLE)})
    filters: ClassVar[Mapping[str, Condition]] = {"name": containing_in_any_case(_TABLE.c.name, "name")}
