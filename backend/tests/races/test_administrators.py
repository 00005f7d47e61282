"""Administrators at the same moment, and what the role of administration sees and may do."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from fastapi import FastAPI

from app.database.connection import Database
from app.domain.account_errors import LastAdministrator
from app.domain.changes import Source
from app.domain.preconditions import ANY
from app.models.account import ADMINISTRATION
from app.repositories.administration import acting, administering, inspecting
from app.services import administration
from tests.api.administrators import act, acts
from tests.guards.makers import CANARY
from tests.people import Person, promote

CONTENT = ("task", "comment", "category", "tag", "saved_filter", "task_tag", "password")
OWN = ("change", "change_counter", "idempotency_key")
OTHER_ID = "019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f"


@pytest.fixture
async def admins(own_ada: Person, own_bob: Person, witness: asyncpg.Connection) -> tuple[Person, Person]:
    """Two administrators, the only ones."""
    for person in (own_ada, own_bob):
        await promote(witness, person)
    return own_ada, own_bob


@pytest.fixture
async def as_admin(admins: tuple[Person, Person], witness: asyncpg.Connection) -> asyncpg.Connection:
    """The superuser's connection under the role of administration, where two people have content and kept answers."""
    first, second = admins
    await first.client.post("/api/tasks", json={"title": CANARY}, headers={"Idempotency-Key": "k"})
    await act(first, second, "revoke-sessions", **{"Idempotency-Key": "k"})
    await witness.execute("SET ROLE agendum_admin")
    return witness


@pytest.mark.spec("ADMIN-009")
@pytest.mark.parametrize("attempt", range(3))
async def test_two_who_disable_each_other_at_once_leave_one(
    admins: tuple[Person, Person], witness: asyncpg.Connection, attempt: int
) -> None:
    first, second = admins
    for person in admins:
        assert (await person.client.get("/api/users")).status_code == 200
    answers = await asyncio.gather(act(first, second, "disable"), act(second, first, "disable"))
    # The second is refused because it is disabled by now, or because it would disable the last.
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409]), attempt
    left = await witness.fetchval(
        "SELECT count(*) FROM agendum.account WHERE role = 'admin' AND disabled_at IS NULL"
    )
    assert left == 1


@pytest.mark.spec("ADMIN-009")
async def test_the_last_by_the_table_stays_whoever_asks(
    admins: tuple[Person, Person], own_app: FastAPI, witness: asyncpg.Connection
) -> None:
    first, second = admins
    await witness.execute("UPDATE agendum.account SET role = 'user' WHERE user_id = $1", second.user_id)
    # One of another issuer, who is an administrator by a claim and not by the table.
    await witness.execute(
        "UPDATE agendum.account SET issuer = 'elsewhere' WHERE user_id = $1", second.user_id
    )
    assert (await second.client.get("/api/me")).status_code == 401
    database: Database = own_app.state.runtime.database
    now = own_app.state.runtime.clock()
    with pytest.raises(LastAdministrator):
        async with administering(database, acting(second.user_id, Source.API), now=now) as work:
            await administration.disable(work, UUID(first.user_id), now=now, expected=ANY)


@pytest.mark.spec("ADMIN-010", "ADMIN-012")
async def test_the_numbers_of_administration_have_no_gap_however_many_act(
    admins: tuple[Person, Person], witness: asyncpg.Connection
) -> None:
    first, second = admins
    verbs = ["revoke-sessions"] * 8
    own = await asyncio.gather(*(act(first, first, verb) for verb in verbs), return_exceptions=False)
    numbers = await witness.fetch(
        "SELECT seq FROM agendum.change WHERE user_id = $1 ORDER BY seq", ADMINISTRATION
    )
    done = [answer for answer in own if answer.status_code == 200]
    assert [record["seq"] for record in numbers] == [*range(1, len(done) + 1)]
    assert (len(done) >= 1, second.user_id != first.user_id) == (True, True)


@pytest.mark.spec("ADMIN-010")
async def test_an_act_waits_for_what_the_person_writes_at_this_moment(
    admins: tuple[Person, Person], witness: asyncpg.Connection
) -> None:
    first, second = admins
    lock = witness.transaction()
    await lock.start()
    await witness.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", second.user_id)
    waiting = asyncio.create_task(act(first, second, "revoke-sessions"))
    while not await witness.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    ):
        assert not waiting.done()
        await asyncio.sleep(0.01)
    await lock.commit()
    assert (await waiting).status_code == 200


@pytest.mark.spec("ADMIN-011")
@pytest.mark.parametrize("table", CONTENT)
async def test_the_role_of_administration_sees_no_content(as_admin: asyncpg.Connection, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_admin.fetch(f"SELECT FROM agendum.{table}")
    for statement in (f"DELETE FROM agendum.{table}", f"UPDATE agendum.{table} SET user_id = user_id"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await as_admin.execute(statement)


@pytest.mark.spec("ADMIN-011")
async def test_the_role_of_administration_sees_only_what_is_administrations_own(
    as_admin: asyncpg.Connection, admins: tuple[Person, Person]
) -> None:
    for owner in (admins[0].user_id, ADMINISTRATION):
        await as_admin.execute("SELECT set_config('app.user_id', $1, false)", owner)
        for table in OWN:
            owners = await as_admin.fetch(f"SELECT user_id FROM agendum.{table}")
            assert {record["user_id"] for record in owners} == {ADMINISTRATION}, table
    assert await as_admin.fetchval("SELECT count(*) FROM agendum.account") == 2


@pytest.mark.spec("ADMIN-011")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE agendum.account SET email = 'eve@example.com'",
        "UPDATE agendum.account SET kind = 'administration'",
        "UPDATE agendum.account SET user_id = 'x'",
        "SELECT subject FROM agendum.account",
        "SELECT own_fields FROM agendum.account",
        "DELETE FROM agendum.account",
        "INSERT INTO agendum.account (user_id) VALUES ('x')",
        "UPDATE agendum.change SET after = '{}'",
        "DELETE FROM agendum.change",
        "DELETE FROM agendum.idempotency_key",
        "INSERT INTO agendum.change_counter (user_id, last_seq) VALUES ('x', 0)",
        "SELECT agendum.found_tasks('a'::tsquery)",
        "INSERT INTO agendum.change (user_id, seq, id, entity, entity_id, version, action, actor, source, occurred_at) "
        f"SELECT user_id, 99, '{OTHER_ID}', 'task', '{OTHER_ID}', 1, 'created', 'x', 'api', now() FROM agendum.account",
        f"INSERT INTO agendum.idempotency_key SELECT '{OTHER_ID}', key, fingerprint, status, headers, body, created_at "
        "FROM agendum.idempotency_key",
    ],
)
async def test_the_role_of_administration_can_do_nothing_else(
    as_admin: asyncpg.Connection, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await as_admin.execute(statement)


@pytest.mark.spec("ADMIN-011")
async def test_what_administrators_see_is_opened_under_their_role_and_reads_only(own_app: FastAPI) -> None:
    origin = acting("console", Source.CONSOLE)
    database, now = own_app.state.runtime.database, own_app.state.runtime.clock()
    async with inspecting(database, origin) as work:
        assert await _state(work.users._session._connection) == ("agendum_admin", "on")
    async with administering(database, origin, now=now) as work:
        assert await _state(work.users._session._connection) == ("agendum_admin", "off")


async def _state(connection: asyncpg.Connection) -> tuple[str, str]:
    state = await connection.fetchrow("SELECT current_user::text, current_setting('transaction_read_only')")
    return tuple(state)


@pytest.mark.spec("ADMIN-010")
async def test_what_fails_at_its_end_is_neither_done_nor_recorded(
    admins: tuple[Person, Person], witness: asyncpg.Connection
) -> None:
    first, second = admins
    await witness.execute("ALTER TABLE agendum.change ADD CONSTRAINT nothing CHECK (false) NOT VALID")
    assert (await act(first, second, "disable")).status_code == 500
    await witness.execute("ALTER TABLE agendum.change DROP CONSTRAINT nothing")
    assert (await first.client.get(f"/api/users/{second.user_id}")).json()["disabled_at"] is None
    assert await acts(first) == []
