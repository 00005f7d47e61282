"""The register of what people own.

It has one line for each kind, and undoing, purging and units of work need to know no more of it.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar, overload

from app.database.connection import Session
from app.domain.changes import Origin
from app.repositories.categories import Categories
from app.repositories.comments import Comments
from app.repositories.owned import Owned
from app.repositories.owner import OwnerScoped
from app.repositories.personal_tokens import PersonalTokens
from app.repositories.recorded import Recorded
from app.repositories.saved_filters import SavedFilters
from app.repositories.tags import Tags
from app.repositories.tasks import Tasks

Repository = TypeVar("Repository")


class RowsOf(Generic[Repository]):
    """An attribute of a unit of work: the repository of a kind, made when it is first asked for.

    Args:
        kind: The class of the repository, which takes a session and an origin.
    """

    def __init__(self, kind: type[Repository]) -> None:
        self.kind = kind
        self._name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, work: None, owner: type) -> "RowsOf[Repository]": ...
    @overload
    def __get__(self, work: "OwnedKinds", owner: type) -> Repository: ...
    def __get__(self, work: "OwnedKinds | None", owner: type) -> "RowsOf[Repository] | Repository":
        if work is None:
            return self
        repository = self.kind(*work.rows)  # type: ignore[call-arg]  # Every repository takes these two.
        # An attribute of the instance goes before this one from now on.
        work.__dict__[self._name] = repository
        return repository


class OwnedKinds(OwnerScoped):
    """The kinds of things that people own, in the order in which they are purged.

    What refers to others goes before them.

    Args:
        session: Where statements run.
        origin: Whose rows, and by whom and through which door they are used.

    Raises:
        ValueError: There is no owner, which would mean everybody.
    """

    tasks = RowsOf(Tasks)
    comments = RowsOf(Comments)
    saved_filters = RowsOf(SavedFilters)
    categories = RowsOf(Categories)
    tags = RowsOf(Tags)
    personal_tokens = RowsOf(PersonalTokens)

    def __init__(self, session: Session, origin: Origin) -> None:
        super().__init__(session, origin)
        self.rows = (session, origin)

    def of_entity(self, entity: str) -> Owned[Any]:
        """Return the repository of what the change sequence calls so."""
        repository: Owned[Any] = getattr(self, _NAMES[entity])
        return repository

    def recorded_kinds(self) -> Iterator[Recorded[Any]]:
        """Give the repositories of all kinds but tasks, in the order in which they are purged."""
        rows = (getattr(self, name) for name in _NAMES.values())
        return (some for some in rows if isinstance(some, Recorded))


_REGISTERED = {name: entry.kind for name, entry in vars(OwnedKinds).items() if isinstance(entry, RowsOf)}
_NAMES = {kind.entity: name for name, kind in _REGISTERED.items()}
KINDS: tuple[type[Owned[Any]], ...] = tuple(_REGISTERED.values())
