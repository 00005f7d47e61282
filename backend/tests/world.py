"""What the database really holds, read by its superuser past every wall. It changes nothing."""

import asyncpg

World = dict[str, list[str]]
_OWNED_TABLES = """
    SELECT c.table_name FROM information_schema.columns c
    WHERE c.table_schema = 'agendum' AND c.column_name = 'user_id' ORDER BY c.table_name
"""


async def world_of(connection: asyncpg.Connection, user_id: str) -> World:
    """Return every row that a person owns, table by table, as text."""
    async with connection.transaction():
        await leave_role(connection)
        tables = [record["table_name"] for record in await connection.fetch(_OWNED_TABLES)]
        return {table: await _rows(connection, table, user_id=user_id) for table in tables}


async def leave_role(connection: asyncpg.Connection) -> None:
    """Make the connection the superuser's again until its transaction ends, whatever a unit of work has taken."""
    await connection.execute("SET LOCAL role NONE")


async def _rows(connection: asyncpg.Connection, table: str, *, user_id: str) -> list[str]:
    records = await connection.fetch(
        f'SELECT t::text AS row FROM agendum."{table}" t WHERE user_id = $1 ORDER BY 1', user_id
    )
    return [record["row"] for record in records]
