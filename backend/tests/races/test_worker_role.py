"""What the role of the worker sees and may do: the owners and moments of what is deleted, and nothing else."""

import asyncpg
import pytest

from app.database.connection import Database
from app.repositories.everybody import Survey
from app.repositories.unit_of_work import surveying
from tests.people import Person

CANARY = "canary-7f3a"


@pytest.mark.spec("TRASH-010")
async def test_the_worker_role_sees_owners_and_moments_of_what_is_deleted_alone(
    own_ada: Person, database: Database, witness: asyncpg.Connection
) -> None:
    living, deleted = await own_ada.create_task(title=CANARY), await own_ada.create_task(title=CANARY)
    assert (await own_ada.client.delete(f"/api/tasks/{deleted['id']}")).status_code == 204
    assert (living["deleted_at"], len(await witness.fetch("SELECT FROM agendum.task"))) == (None, 2)
    async with surveying(database) as survey:
        rows = await connection_of(survey).fetch("SELECT user_id, deleted_at FROM agendum.task")
    assert [(row["user_id"], row["deleted_at"] is None) for row in rows] == [(own_ada.user_id, False)]


@pytest.mark.spec("TRASH-010")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT title FROM agendum.task",
        "SELECT id FROM agendum.task",
        "SELECT body FROM agendum.comment",
        "SELECT name FROM agendum.category",
        "SELECT name FROM agendum.tag",
        "SELECT query FROM agendum.saved_filter",
        "SELECT key FROM agendum.idempotency_key",
        "SELECT body FROM agendum.idempotency_key",
        "SELECT FROM agendum.change",
        "SELECT FROM agendum.account",
        "SELECT FROM agendum.task_tag",
        "DELETE FROM agendum.task",
        "DELETE FROM agendum.idempotency_key",
        "UPDATE agendum.task SET deleted_at = NULL",
    ],
)
async def test_the_worker_role_can_see_and_do_nothing_else(
    witness: asyncpg.Connection, statement: str
) -> None:
    await witness.execute("SET ROLE agendum_worker")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await witness.execute(statement)


async def test_the_survey_is_made_under_the_worker_role_and_reads_only(database: Database) -> None:
    async with surveying(database) as survey:
        state = await connection_of(survey).fetchrow(
            "SELECT current_user::text, current_setting('transaction_read_only')"
        )
    assert tuple(state) == ("agendum_worker", "on")


def connection_of(survey: Survey) -> asyncpg.Connection:
    return survey._session._connection
