"""The repositories of what any service may write.

Tasks are none of them: every write of a task goes through one place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.changes import Stamp, discards
from app.repositories.owned import Owned
from app.repositories.recorded_statements import Row, replaced
from app.repositories.recorder import Recorder


class Recorded(Owned[Row]):
    """Rows of one owner in one table, whose writes are recorded in the change sequence."""

    async def add(self, row: Row, *, now: datetime) -> Row:
        """Insert a row, and record its creation.

        Raises:
            NameTaken: A living row has this name.
        """
        return await self._recorder.add(self, row, now=now)

    async def add_each(self, rows: Sequence[Row], *, now: datetime) -> None:
        """Insert rows, whatever they say of when they were made, and record the creation of each, in the given order.

        Raises:
            NameTaken: A living row has the name of one.
        """
        await self._recorder.add_each(self, rows, now=now)

    async def change(self, old: Row, new: Row, stamp: Stamp) -> Row:
        """Change a row that was read in this unit of work, and record the change.

        Without a difference nothing is written.

        Args:
            old: The row as it was read.
            new: The row as it is to be; version and moment of the change are put in here.
            stamp: What happens to it, and when.

        Raises:
            NameTaken: Another living row has the name that it is to have.
        """
        changed = await self._recorder.change_each(self, [(old, new)], stamp)
        return changed[0]

    async def put_back(self, row: Row, before: Mapping[str, Any] | None, stamp: Stamp) -> Row:
        """Write fields as a change has them from before it; what was created or restored then goes to the trash."""
        # Spec: features/undo.md#UNDO-002
        values = {"deleted_at": stamp.now} if before is None or discards(before) else before
        return await self.change(row, replaced(row, **values), stamp)

    async def remove_each(self, rows: Sequence[Row], *, now: datetime) -> None:
        """Remove rows that were read in this unit of work for good, and record for each that it is gone."""
        await self._recorder.remove_each(self, rows, now=now)

    @property
    def _recorder(self) -> Recorder:
        return Recorder(self._session, self._origin)
