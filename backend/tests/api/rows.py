"""Looks behind the API, at the rows that a test left; it changes none of them."""

from typing import Any

import asyncpg

from tests.world import leave_role

TABLES = (
    "account",
    "password",
    "session",
    "task",
    "category",
    "tag",
    "task_tag",
    "comment",
    "saved_filter",
    "personal_token",
    "idempotency_key",
    "change",
    "change_counter",
)


async def fetch(connection: asyncpg.Connection, query: str, *arguments: object) -> list[dict[str, Any]]:
    """Return the rows of a query, seen as the superuser whom the last unit of work stepped down from."""
    await leave_role(connection)
    return [dict(record) for record in await connection.fetch(query, *arguments)]


async def count_rows(connection: asyncpg.Connection) -> dict[str, int]:
    """Return how many rows each table has, and the sum of all change numbers given."""
    counts = [f"(select count(*) from agendum.{table}) as {table}" for table in TABLES]
    numbers = "(select coalesce(sum(last_seq), 0)::bigint from agendum.change_counter) as numbers"
    return (await fetch(connection, f"select {', '.join([*counts, numbers])}"))[0]
