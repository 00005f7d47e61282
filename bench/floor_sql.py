"""The floor's four statements: one round trip for each operation, with the change row and the counter in the writes."""

# ruff: noqa: S608 - Every part is a constant of this file; values are always parameters.

_READ = """
    task.id, task.title, task.description, task.completed_at IS NOT NULL AS completed, task.completed_at, task.priority,
    CASE
        WHEN task.due_date IS NOT NULL
        THEN json_build_object('date', task.due_date, 'time', task.due_time, 'timezone', task.due_timezone)
    END AS due,
    task.created_at, task.updated_at, task.deleted_at, task.version
"""

_DOCUMENT = """
    jsonb_build_object(
        'title', answer.title, 'description', answer.description, 'completed', answer.completed, 'completed_at', answer.completed_at,
        'priority', answer.priority, 'due', answer.due, 'created_at', answer.created_at, 'deleted_at', answer.deleted_at
    )
"""

_RAISED = """
    UPDATE agendum.change_counter SET last_seq = last_seq + 1 FROM task WHERE change_counter.user_id = $1 RETURNING last_seq
"""

_CHANGE_COLUMNS = """
    user_id, seq, id, entity, entity_id, version, action, before, after, actor, source, request_id, occurred_at
"""

GET = f"""
SELECT row_to_json(answer)::text
FROM (SELECT {_READ} FROM agendum.task WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL) AS answer
"""

LIST = f"""
WITH page AS MATERIALIZED (
    SELECT {_READ} FROM agendum.task
    WHERE user_id = $1 AND deleted_at IS NULL
    ORDER BY created_at DESC, id DESC LIMIT $2::bigint + 1
),
shown AS MATERIALIZED (SELECT * FROM page ORDER BY created_at DESC, id DESC LIMIT $2),
counted AS (
    SELECT count(*) AS total
    FROM (SELECT 1 FROM agendum.task WHERE user_id = $1 AND deleted_at IS NULL LIMIT 1001) AS capped
)
SELECT json_build_object(
    'items', (SELECT coalesce(json_agg(shown), '[]') FROM shown),
    'total', least(counted.total, 1000),
    'total_exact', counted.total <= 1000,
    'limit', $2,
    'offset', 0,
    'has_more', (SELECT count(*) FROM page) > $2,
    'next_cursor', (SELECT extract(epoch FROM created_at) || '/' || id FROM shown ORDER BY created_at, id LIMIT 1)
)::text
FROM counted
"""

CREATE = f"""
WITH task AS (
    INSERT INTO agendum.task (
        user_id, id, title, description, priority, due_date, due_time, due_timezone, created_at, updated_at, version
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1)
    RETURNING *
),
answer AS (SELECT {_READ} FROM task),
raised AS ({_RAISED}),
recorded AS (
    INSERT INTO agendum.change ({_CHANGE_COLUMNS})
    SELECT $1, raised.last_seq, $10, 'task', answer.id, 1, 'created', NULL, {_DOCUMENT}, $1, 'api', $11, $9
    FROM raised, answer
)
SELECT row_to_json(answer)::text FROM answer
"""

COMPLETE = f"""
WITH previous AS (
    SELECT id, completed_at, updated_at, version FROM agendum.task
    WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL AND (completed_at IS NULL) = $3
),
task AS (
    UPDATE agendum.task
    SET completed_at = CASE WHEN $3 THEN $4::timestamptz END, updated_at = $4, version = task.version + 1
    FROM previous
    WHERE task.user_id = $1 AND task.id = previous.id
    RETURNING task.*
),
answer AS (SELECT {_READ} FROM task),
raised AS ({_RAISED}),
recorded AS (
    INSERT INTO agendum.change ({_CHANGE_COLUMNS})
    SELECT
        $1, raised.last_seq, $5, 'task', answer.id, answer.version, CASE WHEN $3 THEN 'completed' ELSE 'reopened' END,
        jsonb_build_object('completed', NOT $3, 'completed_at', previous.completed_at),
        jsonb_build_object('completed', $3, 'completed_at', answer.completed_at),
        $1, 'api', $6, $4
    FROM raised, answer, previous
)
SELECT row_to_json(answer)::text FROM answer
"""
