"""What was purged before changes could be emptied loses its texts when the database is migrated."""

from functools import partial

import asyncpg
import orjson
import pytest

from app.database.migrate import migrate
from app.database.url import read_address
from tests.migrations.databases import JOIN, upgrade, within

PURGED = 450
# Things of two people, of which every second one was purged: made, changed and gone.
WRITE = """
    INSERT INTO agendum.change
        (user_id, seq, id, entity, entity_id, version, action, before, after, actor, source, occurred_at)
    SELECT user_id, row_number() OVER (PARTITION BY user_id ORDER BY n, version), gen_random_uuid(), entity,
        md5(user_id || n)::uuid, version, action, before::jsonb, after::jsonb, user_id, 'api', now()
    FROM (VALUES ('person0'), ('person1')) AS person (user_id), generate_series(1, $1::int) AS n, (VALUES
        (1, 'created', NULL,
            '{"title": "Secret", "name": "Secret", "description": null, "query": {"q": "Secret"}, "priority": "low"}'),
        (2, 'updated', '{"title": "Secret"}', '{"title": "Hidden"}'),
        (3, 'deleted', '{"deleted_at": null}', '{"deleted_at": "2026-11-21T08:00:00Z"}'),
        (4, 'purged', NULL, NULL)
    ) AS change (version, action, before, after),
    LATERAL (SELECT CASE n % 3 WHEN 0 THEN 'task' ELSE 'tag' END) AS kind (entity)
    WHERE version < 4 OR n % 2 = 0
"""
READ = """
    SELECT version, before, after, redacted_at IS NOT NULL AS redacted FROM agendum.change
    WHERE entity_id {} (SELECT entity_id FROM agendum.change WHERE action = 'purged') AND version < 4
"""


@pytest.mark.spec("CHANGE-006", "OPS-040")
async def test_the_texts_of_what_is_purged_already_are_emptied(empty: str) -> None:
    await within(empty, partial(upgrade, to="0002"))
    connection = await asyncpg.connect(dsn=empty)
    await connection.execute(JOIN.replace("$1::int", "2"))
    await connection.execute(WRITE.replace("$1::int", str(PURGED)))
    await migrate(read_address(empty))
    emptied = {
        1: (None, {"title": "", "name": "", "description": None, "query": {}, "priority": "low"}, True),
        2: ({"title": ""}, {"title": ""}, True),
        3: ({"deleted_at": None}, {"deleted_at": "2026-11-21T08:00:00Z"}, False),
    }
    for record in await connection.fetch(READ.format("IN")):
        before, after = (
            None if text is None else orjson.loads(text) for text in (record["before"], record["after"])
        )
        assert (before, after, record["redacted"]) == emptied[record["version"]]
    kept = await connection.fetch(READ.format("NOT IN"))
    assert len(kept) == 3 * PURGED
    assert {record["redacted"] for record in kept} == {False}
    assert {"Secret" in record["after"] for record in kept if record["version"] == 1} == {True}
    await connection.close()
