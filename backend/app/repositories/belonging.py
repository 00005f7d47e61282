"""What every repository of a person's rows begins with: a place to run statements, and an owner."""

from app.database.connection import Session
from app.domain.changes import Origin


class Belonging:
    """Rows that belong to somebody.

    Args:
        session: Where statements run.
        origin: Whose rows, through which door.

    Raises:
        ValueError: There is no owner, which would mean everybody.
    """

    def __init__(self, session: Session, origin: Origin) -> None:
        # Spec: features/isolation.md#ISO-001
        if not origin.user_id:
            raise ValueError("a repository has an owner")
        self._session = session
        self._origin = origin
