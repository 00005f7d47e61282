"""Everything of a person as one document, as of one moment. It has one page of rows in memory."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson

from app.models.account import ProfileRow
from app.repositories.unit_of_work import UnitOfWork
from app.schemas.account_document import FORMAT, FORMAT_VERSION, SECTIONS, ProfilePart
from app.utils.spool import Spool

# What follows from the other fields.
_DERIVED = {"completed"}


async def export(work: UnitOfWork, spool: Spool, *, now: datetime) -> datetime:
    """Write the document, and return as of when it is.

    Args:
        work: Whose; a snapshot, so that all of it is as of one moment.
        spool: Where it is written, whole before anything of it is sent: nobody who reads slowly holds a transaction.
        now: That moment.
    """
    # Spec: features/portability.md#PORT-001 features/portability.md#PORT-003 features/portability.md#PORT-004
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "exported_at": now}
    profile = _profile(await work.profile.get())
    await spool.add(_json(head | {"profile": profile})[:-1])
    for section in SECTIONS:
        await spool.add(b',\n"%b":[' % section.encode())
        between = b"\n"
        async for rows in work.portability.pages(getattr(work, section)):
            await spool.add(between + b",\n".join(_things(rows)))
            between = b",\n"
        await spool.add(b"\n]")
    await spool.add(b"}\n")
    return now


def _profile(row: ProfileRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ProfilePart.model_fields}


def _things(rows: Iterable[Any]) -> Iterable[bytes]:
    for row in rows:
        content = {name: value for name, value in row.document().items() if name not in _DERIVED}
        yield _json({"id": str(row.id)} | content | {"updated_at": row.updated_at})


def _json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
