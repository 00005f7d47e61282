"""The floor's statements: one round trip for each operation, with the change row and the counter in the writes."""

# ruff: noqa: S608 - Every part is a constant of this file; values are always parameters.

from app.models.task import DUE_DAY_KEY, DUE_TIME_KEY

_READ = """
    task.id, task.title, task.description, task.completed_at IS NOT NULL AS completed, task.completed_at, task.priority,
    CASE
        WHEN task.due_date IS NOT NULL
        THEN json_build_object('date', task.due_date, 'time', task.due_time, 'timezone', task.due_timezone)
    END AS due,
    task.start_date, task.category_id, task.parent_id, task.position,
    ARRAY(SELECT tag_id FROM agendum.task_tag WHERE user_id = $1 AND task_id = task.id ORDER BY tag_id) AS tag_ids,
    task.created_at, task.updated_at, task.deleted_at, task.version
"""

_DOCUMENT = """
    jsonb_build_object(
        'title', answer.title, 'description', answer.description, 'completed', answer.completed,
        'completed_at', answer.completed_at, 'priority', answer.priority, 'due', answer.due,
        'start_date', answer.start_date, 'category_id', answer.category_id, 'parent_id', answer.parent_id,
        'position', answer.position, 'tag_ids', answer.tag_ids, 'created_at', answer.created_at,
        'deleted_at', answer.deleted_at
    )
"""

_RAISED = """
    UPDATE agendum.change_counter SET last_seq = last_seq + 1
    FROM task WHERE change_counter.user_id = $1 RETURNING last_seq
"""

_CHANGE_COLUMNS = """
    user_id, seq, id, entity, entity_id, version, action, before, after, actor, source, request_id, occurred_at
"""

GET = f"""
SELECT row_to_json(answer)::text
FROM (SELECT {_READ} FROM agendum.task WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL) AS answer
"""

_SHOWN = "deleted_at IS NULL AND (start_date IS NULL OR start_date <= $3)"


def _page(*, read: str, counted: str, order: str) -> str:
    """Build a page: the items, one more than asked to see whether there are more, and the capped total."""
    return f"""
WITH page AS MATERIALIZED ({read} ORDER BY {order} LIMIT $2::bigint + 1),
shown AS MATERIALIZED (SELECT * FROM page LIMIT $2),
counted AS (SELECT count(*) AS total FROM ({counted} LIMIT 1001) AS capped)
SELECT json_build_object(
    'items', (
        SELECT coalesce(json_agg(json), '[]')
        FROM shown, LATERAL (SELECT {_READ} FROM (SELECT shown.*) AS task) AS json
    ),
    'total', least(counted.total, 1000),
    'total_exact', counted.total <= 1000,
    'limit', $2,
    'offset', 0,
    'has_more', (SELECT count(*) FROM page) > $2,
    'next_cursor', CASE WHEN (SELECT count(*) FROM page) > $2 THEN (SELECT max(id::text) FROM shown) END
)::text
FROM counted
"""


_OWN = f"FROM agendum.task WHERE user_id = $1 AND {_SHOWN}"
LIST = _page(read=f"SELECT * {_OWN}", counted=f"SELECT 1 {_OWN}", order="created_at DESC, id DESC")

_FILTERED = f"{_OWN} AND completed_at IS NULL AND priority = ANY ($4::text[])"
FILTER = _page(
    read=f"SELECT * {_FILTERED}", counted=f"SELECT 1 {_FILTERED}", order=f"{DUE_DAY_KEY}, {DUE_TIME_KEY}, id"
)

_FOUND = f"""
    FROM agendum.task JOIN (
        SELECT found.task_id, max(found.rank) AS rank FROM (
            SELECT id, ts_rank(search, $4::text::tsquery) FROM agendum.task
            WHERE search @@ $4::text::tsquery AND user_id = $1
            UNION ALL
            SELECT task_id, ts_rank(search, $4::text::tsquery) FROM agendum.comment
            WHERE search @@ $4::text::tsquery AND deleted_at IS NULL AND user_id = $1
        ) AS found (task_id, rank) GROUP BY found.task_id
    ) AS found ON found.task_id = task.id
    WHERE user_id = $1 AND {_SHOWN}
"""
SEARCH = _page(read=f"SELECT task.* {_FOUND}", counted=f"SELECT 1 {_FOUND}", order="rank DESC, id DESC")

CREATE = f"""
WITH task AS (
    INSERT INTO agendum.task (
        user_id, id, title, description, priority, due_date, due_time, due_timezone, created_at, updated_at, version,
        due_at, position, search
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 1, $12, $13, $14::text::tsvector)
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
