"""Fills a database with one person who has 100,000 tasks and with fifty others, by a few statements.

It measures nothing.
"""

import asyncpg

from app.domain.search import vector

HEAVY, USUAL = "heavy", "usual 1"
TASKS, OTHERS, TASKS_OF_OTHERS = 100_000, 50, 200
_PEOPLE = """
    CREATE TEMPORARY TABLE person AS
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[]) AS person (user_id, prefix, tasks)
"""
_ROWS = (
    """
    INSERT INTO agendum.account (user_id, issuer, subject, created_at, updated_at)
    SELECT user_id, 'agendum', user_id, now(), now() FROM person
    """,
    """
    INSERT INTO agendum.category (user_id, id, name, position, archived, created_at, updated_at, version)
    SELECT user_id, gen_random_uuid(), 'Category ' || number, '7' || number || '1', false, now(), now(), 1
    FROM person, generate_series(1, 12) number
    """,
    """
    INSERT INTO agendum.tag (user_id, id, name, folded_name, created_at, updated_at, version)
    SELECT user_id, gen_random_uuid(), 'Tag ' || number, 'tag ' || number, now(), now(), 1
    FROM person, generate_series(1, 24) number
    """,
    # Most tasks are done, two of three have a category, half a due date, some a time, a few wait for their day or lie
    # in the trash.
    """
    WITH shelf AS (SELECT user_id, array_agg(id) AS ids FROM agendum.category GROUP BY user_id)
    INSERT INTO agendum.task
        (user_id, id, title, priority, due_date, due_time, due_timezone, due_at, completed_at, created_at, updated_at,
         deleted_at, version, start_date, category_id, position, search)
    SELECT user_id, gen_random_uuid(), 'Task ' || md5(number::text),
        (ARRAY['none', 'none', 'none', 'low', 'medium', 'high', 'urgent'])[1 + number % 7],
        due_date, due_time, CASE WHEN due_time IS NOT NULL THEN 'UTC' END, (due_date + due_time) AT TIME ZONE 'UTC',
        CASE WHEN number % 10 < 7 THEN made + interval '1 day' END, made, made + interval '2 days',
        CASE WHEN number % 50 = 3 THEN now() END, 1,
        CASE WHEN number % 40 = 7 THEN current_date + 30 END, CASE WHEN number % 3 > 0 THEN ids[1 + number % 12] END,
        '7' || lpad(number::text, 16, '0') || '1',
        ('''' || prefix || '/task'':1A ''' || prefix || '/word' || number % 500 || ''':2A')::tsvector
    FROM person JOIN shelf USING (user_id), LATERAL (
        SELECT number, now() - make_interval(mins => number * 5) AS made,
            CASE WHEN number % 2 = 0 THEN current_date + 100 - number % 1500 END AS due_date,
            CASE WHEN number % 6 = 0 THEN make_time(number % 24, 30, 0) END AS due_time
        FROM generate_series(1, tasks) number
    ) AS task
    """,
    # One task of a hundred belongs to another; every second has the first tag, and each one more.
    """
    UPDATE agendum.task SET parent_id = parent.id
    FROM (
        SELECT user_id, id, row_number() OVER (PARTITION BY user_id ORDER BY created_at) AS place FROM agendum.task
    ) AS parent
    WHERE parent.user_id = task.user_id AND parent.place = 1 AND parent.id <> task.id
        AND right(task.position, 3) = '111'
    """,
    """
    INSERT INTO agendum.task_tag (user_id, task_id, tag_id)
    SELECT task.user_id, task.id, tag.id FROM agendum.task
    JOIN agendum.tag ON tag.user_id = task.user_id
    WHERE tag.folded_name
            = 'tag ' || 2 + ascii(task.title::text) % 2 + ('x' || substr(task.title, 6, 4))::bit(16)::int % 22
        OR (tag.folded_name = 'tag 1' AND substr(task.title, 6, 1) < '8')
    """,
    """
    INSERT INTO agendum.comment (user_id, id, task_id, body, created_at, updated_at, version, search)
    SELECT user_id, gen_random_uuid(), id, 'Done', now(), now(), 1, ('''' || prefix || '/done'':1B')::tsvector
    FROM agendum.task JOIN person USING (user_id) WHERE substr(title, 6, 1) = 'a'
    """,
)


async def fill(connection: asyncpg.Connection) -> None:
    """Insert everybody as the superuser, and let the planner see it."""
    people = [HEAVY, *(f"usual {number}" for number in range(1, OTHERS + 1))]
    prefixes = [vector(person, important="x").strip("'").partition("/")[0] for person in people]
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(_PEOPLE, people, prefixes, [TASKS, *[TASKS_OF_OTHERS] * OTHERS])
    for statement in _ROWS:
        await connection.execute(statement)
    await connection.execute(
        "VACUUM ANALYZE agendum.task, agendum.task_tag, agendum.comment, agendum.tag, agendum.category"
    )
