"""What administrators reach in one transaction, under a role that sees no content of anybody. It ends no transaction.

Administration is an owner of its own, with its own lock and its own sequence of changes (decision 26).
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import partial

from app.database.connection import Database, Session
from app.domain.changes import Origin, Source
from app.models.account import ADMINISTRATION
from app.repositories.audit import Audit
from app.repositories.beginnings import Beginning
from app.repositories.idempotency_keys import IdempotencyKeys
from app.repositories.transactions import transaction
from app.repositories.unit_of_work import registering
from app.repositories.users import Users

_ROLE = "agendum_admin"
_READ = Beginning(_ROLE, read_only=True)
_WRITE = Beginning(
    _ROLE,
    read_only=False,
    locks_owner=True,
    busy="Other administrators are at work; please try again shortly.",
)


class Administration:
    """What an administrator can reach.

    Args:
        session: Where statements run, under the role of administration.
        origin: Who acts, for administration, and through which door.

    Attributes:
        ends_credentials: Whether a credential of administration's own ends with it: it has none.
    """

    ends_credentials = False

    def __init__(self, session: Session, origin: Origin) -> None:
        self.actor = origin.actor
        self.users = Users(session, origin)
        self.audit = Audit(session, origin)
        self.idempotency_keys = IdempotencyKeys(session, origin)


def acting(actor: str, source: Source, request_id: str | None = None) -> Origin:
    """Return the origin of what somebody does for administration."""
    return Origin(ADMINISTRATION, actor, source, request_id)


def inspecting(database: Database, origin: Origin) -> AbstractAsyncContextManager[Administration]:
    """Open what administrators see, to read it."""
    # Spec: features/administration.md#ADMIN-011
    return transaction(database, _READ, partial(Administration, origin=origin), owner=origin.owner)


@asynccontextmanager
async def administering(
    database: Database, origin: Origin, *, now: datetime
) -> AsyncIterator[Administration]:
    """Open what administrators change: one act at a time, because each holds the lock of administration."""
    # Spec: features/administration.md#ADMIN-009 features/administration.md#ADMIN-011
    async with registering(database) as directory:
        await directory.open_administration(now=now)
    make, turn = partial(Administration, origin=origin), database.writes.line(origin.owner)
    async with transaction(database, _WRITE, make, owner=origin.owner, turn=turn) as work:
        yield work
