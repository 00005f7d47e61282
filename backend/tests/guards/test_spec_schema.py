"""Holds a migrated database to the tables of the specification, in both directions; what it seeds is rolled back."""

import asyncpg
import pytest

from spec_tools.catalogue import read_catalogue
from spec_tools.documents import SPECIFICATIONS, SpecificationError
from spec_tools.schema import Column, Role, Schema, compare, read_schema

WRITTEN = ("language", "name", "own_fields", "time_zone", "updated_at", "version", "week_start")
PROFILE = " ".join(f"UPDATE ({column})" for column in WRITTEN)
ACCOUNT = f"tables account privileges agendum_app: the spec says SELECT {PROFILE}"
TEXT = (SPECIFICATIONS / "database" / "schema.md").read_text("utf-8")


async def differences_after(connection: asyncpg.Connection, statement: str) -> list[str]:
    """Tell how the database differs, once a statement has changed it, from a specification of what it was.

    Undo the change.
    """
    specified = await read_catalogue(connection)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
        return compare(specified, await read_catalogue(connection))
    finally:
        await transaction.rollback()


@pytest.mark.spec("SPEC-002")
async def test_the_database_is_exactly_what_the_specification_says(connection: asyncpg.Connection) -> None:
    assert compare(read_schema(TEXT), await read_catalogue(connection)) == []


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        ("create table agendum.surprise ()", "tables surprise: in the database, missing in the spec"),
        ("create view agendum.surprise as select 1", "tables surprise: in the database, missing in the spec"),
        (
            "alter table agendum.change rename to changes",
            "tables change: in the spec, missing in the database",
        ),
        (
            "alter table agendum.task add surprise text",
            "tables task columns surprise: in the database, missing in the spec",
        ),
        (
            "alter table agendum.task drop description",
            "tables task columns description: in the spec, missing in the database",
        ),
        (
            "alter table agendum.account alter name type varchar(9)",
            "tables account columns name type: the spec says text, the database character varying(9)",
        ),
        (
            "alter table agendum.task alter due_date set not null",
            "tables task columns due_date nullable: the spec says True, the database False",
        ),
        (
            "alter table agendum.task alter version drop not null",
            "tables task columns version nullable: the spec says False, the database True",
        ),
        (
            "alter table agendum.task alter version set default 1",
            "tables task columns version default: the spec says nothing, the database 1",
        ),
        (
            "alter table agendum.task alter version add generated always as identity",
            "tables task columns version default: the spec says nothing, the database GENERATED AS IDENTITY",
        ),
        (
            "alter table agendum.account drop name, add name text generated always as (email) stored",
            "tables account columns name default: the spec says nothing, the database GENERATED ALWAYS AS (email)",
        ),
    ],
)
async def test_a_table_or_column_that_differs_is_told(
    connection: asyncpg.Connection, statement: str, difference: str
) -> None:
    assert difference in await differences_after(connection, statement)


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "alter table agendum.task add constraint surprise check (true)",
            "tables task constraints surprise: in the database, missing in the spec",
        ),
        (
            "alter table agendum.task drop constraint ck_task_priority",
            "tables task constraints ck_task_priority: in the spec, missing in the database",
        ),
        (
            "alter table agendum.change drop constraint ck_change_seq_positive, "
            "add constraint ck_change_seq_positive check (seq >= 0)",
            "tables change constraints ck_change_seq_positive: the spec says CHECK ((seq >= 1)), "
            "the database CHECK ((seq >= 0))",
        ),
        (
            "create index surprise on agendum.task (id)",
            "tables task indexes surprise: in the database, missing in the spec",
        ),
        (
            "drop index agendum.ux_account_email",
            "tables account indexes ux_account_email: in the spec, missing in the database",
        ),
        (
            "drop index agendum.ux_account_email; create index ux_account_email on agendum.account using hash (email)",
            "tables account indexes ux_account_email: "
            "the spec says UNIQUE (lower(email)) WHERE (issuer = 'agendum'::text), "
            "the database hash (email)",
        ),
    ],
)
async def test_a_constraint_or_index_that_differs_is_told(
    connection: asyncpg.Connection, statement: str, difference: str
) -> None:
    assert await differences_after(connection, statement) == [difference]


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "create policy surprise on agendum.task using (true)",
            "tables task policies surprise: in the database, missing in the spec",
        ),
        (
            "drop policy task_owner on agendum.task",
            "tables task policies task_owner: in the spec, missing in the database",
        ),
        (
            "alter policy password_identity on agendum.password to public",
            "tables password policies password_identity roles: the spec says agendum_identity, the database public",
        ),
        (
            "alter policy account_identity on agendum.account using (false)",
            "tables account policies account_identity using: the spec says true, the database false",
        ),
        (
            "alter policy account_identity on agendum.account with check (false)",
            "tables account policies account_identity with_check: the spec says true, the database false",
        ),
        (
            "drop policy password_identity on agendum.password; create policy password_identity on agendum.password "
            "as restrictive for all to agendum_identity using (true) with check (true)",
            "tables password policies password_identity command: the spec says ALL, the database RESTRICTIVE ALL",
        ),
        (
            "alter table agendum.task no force row level security",
            "tables task row_security: the spec says enabled forced, the database enabled",
        ),
        (
            "alter table agendum.task disable row level security",
            "tables task row_security: the spec says enabled forced, the database forced",
        ),
    ],
)
async def test_a_wall_that_differs_is_told(
    connection: asyncpg.Connection, statement: str, difference: str
) -> None:
    assert await differences_after(connection, statement) == [difference]


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "grant select on agendum.password to agendum_app",
            "tables password privileges agendum_app: in the database, missing in the spec",
        ),
        (
            "revoke insert on agendum.change_counter from agendum_identity",
            "tables change_counter privileges agendum_identity: in the spec, missing in the database",
        ),
        (
            "grant delete on agendum.change_counter to agendum_app",
            "tables change_counter privileges agendum_app: the spec says SELECT UPDATE, "
            "the database DELETE SELECT UPDATE",
        ),
        (
            "grant update (issuer) on agendum.account to agendum_app",
            f"{ACCOUNT}, the database SELECT UPDATE (issuer) {PROFILE}",
        ),
        (
            "grant select on agendum.account to agendum_app with grant option",
            f"{ACCOUNT}, the database SELECT WITH GRANT OPTION {PROFILE}",
        ),
        (
            "grant select on agendum.change to public",
            "tables change privileges public: in the database, missing in the spec",
        ),
        ("grant usage on schema agendum to public", "roles public: in the database, missing in the spec"),
        (
            "revoke usage on schema agendum from agendum_app",
            "roles agendum_app: in the spec, missing in the database",
        ),
    ],
)
async def test_a_privilege_that_differs_is_told(
    connection: asyncpg.Connection, statement: str, difference: str
) -> None:
    assert await differences_after(connection, statement) == [difference]


async def test_a_power_beyond_the_tables_is_told(connection: asyncpg.Connection) -> None:
    statement = (
        "alter role agendum_app superuser bypassrls login createrole createdb replication; "
        "grant create on schema agendum to agendum_app;"
        "grant agendum_identity to agendum_app; alter table agendum.task owner to agendum_app"
    )
    powers = "superuser bypassrls login createrole createdb replication create member owner"
    assert (
        f"roles agendum_app powers: the spec says nothing, the database {powers}"
        in await differences_after(connection, statement)
    )


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("## password\n", "## passwords\n", "tables password: in the database, missing in the spec"),
        (
            "| name | text | yes | |\n",
            "",
            "tables account columns name: in the database, missing in the spec",
        ),
        (
            "| due_date | date | yes | |",
            "| due_date | date | yes | now() |",
            "tables task columns due_date default",
        ),
        (
            "| ck_task_version_positive | CHECK ((version >= 1)) |\n",
            "",
            "tables task constraints ck_task_version_positive: in the database",
        ),
        (
            "| ux_account_email |",
            "| ux_email |",
            "tables account indexes ux_email: in the spec, missing in the database",
        ),
        (
            "| task_owner | ALL |",
            "| task_owner | SELECT |",
            "tables task policies task_owner command: the spec says SELECT, the database ALL",
        ),
        ("`(user_id = (", "`(id = (", "tables task policies task_owner using: the spec says (id = ("),
        (
            "| agendum_app | INSERT, SELECT, UPDATE (after),",
            "| agendum_app | SELECT, UPDATE (after),",
            "tables change privileges agendum_app: the spec says SELECT UPDATE",
        ),
        (
            "| `agendum_app` | the runtime role",
            "| `agendum_reader` | the runtime role",
            "roles agendum_reader: in the spec, missing in",
        ),
    ],
)
async def test_a_specification_that_says_otherwise_is_told(
    connection: asyncpg.Connection, old: str, new: str, difference: str
) -> None:
    assert TEXT.count(old) == 1
    found = compare(read_schema(TEXT.replace(old, new)), await read_catalogue(connection))
    assert [sentence for sentence in found if sentence.startswith(difference)]


def test_an_abbreviation_stands_for_its_expression() -> None:
    policy = read_schema(TEXT).tables["account"].policies["account_owner"]
    assert (
        policy.using
        == "(user_id = ( SELECT NULLIF(current_setting('app.user_id'::text, true), ''::text) AS \"nullif\"))"
    )
    assert policy.with_check is None


def test_columns_and_roles_are_read_from_their_tables() -> None:
    schema = read_schema(
        "## a\n\n| column | type | null | default |\n|---|---|---|---|\n| b | text | no | 'c'::text |\n"
    )
    assert schema.tables["a"].columns == {"b": Column("text", nullable=False, default="'c'::text")}
    assert read_schema(TEXT).roles == {
        f"agendum_{name}": Role() for name in ("admin", "app", "eraser", "identity", "search", "worker")
    }


@pytest.mark.parametrize(
    ("statement", "difference"),
    [
        (
            "create function agendum.surprise() returns int return 1",
            "functions surprise(): in the database, missing in the spec",
        ),
        (
            "drop function agendum.found_tasks(tsquery)",
            "functions found_tasks(query tsquery): in the spec, missing in the database",
        ),
        (
            "alter function agendum.found_tasks(tsquery) owner to postgres",
            "functions found_tasks(query tsquery) rights: the spec says agendum_search, the database postgres",
        ),
        (
            "alter function agendum.found_tasks(tsquery) security invoker",
            "functions found_tasks(query tsquery) rights: the spec says agendum_search, the database caller",
        ),
        (
            "alter function agendum.found_tasks(tsquery) reset search_path",
            "functions found_tasks(query tsquery) search_path: the spec says pg_catalog, pg_temp; "
            "enable_bitmapscan=on; plan_cache_mode=force_generic_plan, "
            "the database enable_bitmapscan=on; plan_cache_mode=force_generic_plan",
        ),
        (
            "grant execute on function agendum.found_tasks(tsquery) to public",
            "functions found_tasks(query tsquery) callers: the spec says agendum_app, the database agendum_app public",
        ),
    ],
)
async def test_a_function_that_differs_is_told(
    connection: asyncpg.Connection, statement: str, difference: str
) -> None:
    assert difference in await differences_after(connection, statement)


def test_equal_schemas_have_no_differences() -> None:
    assert compare(read_schema(TEXT), read_schema(TEXT)) == []
    assert compare(Schema(), Schema()) == []


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [
        ("## password\n", "## account\n", "account is described twice"),
        ("| email | text | yes | |", "| issuer | text | yes | |", "issuer is described twice"),
        (
            "| email | text | yes | |",
            "| email | text | maybe | |",
            "email: whether it may be null is 'maybe'",
        ),
        ("| column | type |", "| column | kind |", "no table with the columns column, type"),
    ],
)
def test_a_specification_that_cannot_be_understood_is_refused(old: str, new: str, refusal: str) -> None:
    with pytest.raises(SpecificationError, match=refusal):
        read_schema(TEXT.replace(old, new))
