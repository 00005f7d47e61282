"""The answers that are kept for whoever sends a request again, in PostgreSQL.

What makes two requests the same is decided elsewhere.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from app.database.statements import Statement
from app.models.idempotency_key import IdempotencyKey, KeptAnswer
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine

_TABLE = table_of(IdempotencyKey)
_COLUMNS = [_TABLE.c[name] for name in KeptAnswer._fields]
_FIND = Statement(
    select(*_COLUMNS).where(
        mine(_TABLE), _TABLE.c.key == bindparam("key"), _TABLE.c.created_at > bindparam("after")
    )
)
_NEW: dict[str, Any] = {
    name: bindparam(name) for name in ("user_id", "key", *KeptAnswer._fields, "created_at")
}
_KEPT = {name: _NEW[name] for name in (*KeptAnswer._fields, "created_at")}
# An answer that is there stays, unless it is too old to be found.
_KEEP = Statement(
    insert_or(_TABLE)
    .values(_NEW)
    .on_conflict_do_update(
        index_elements=["user_id", "key"], set_=_KEPT, where=_TABLE.c.created_at <= bindparam("after")
    )
    .returning(_TABLE.c.key)
)


class IdempotencyKeys(OwnerScoped):
    """The kept answers of one person."""

    async def find(self, key: str, *, after: datetime) -> KeptAnswer | None:
        """Return the answer that was kept under a key after a moment, or None."""
        record = await self._fetch_row(_FIND, key=key, after=after)
        return None if record is None else KeptAnswer(*record)

    async def keep(self, key: str, answer: KeptAnswer, *, after: datetime, now: datetime) -> bool:
        """Keep an answer under a key, unless one was kept there after a moment; tell whether it is kept."""
        given = {"created_at": now, "after": after, **answer._asdict()}
        return await self._fetch_row(_KEEP, key=key, **given) is not None
