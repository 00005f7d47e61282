"""The catalogue of the migrated database keeps the rules of isolation, and each rule is able to fail."""

import asyncpg
import pytest

from tests.guards import catalogue_rules as rules
from tests.guards.catalogue_rules import RULES, Rule

BAD = "CREATE TABLE agendum.bad (user_id text, id uuid"
OWNER = "user_id = (SELECT nullif(current_setting('app.user_id', true), ''))"

BROKEN: list[tuple[Rule, str, list[str]]] = [
    (rules.every_table_has_an_owner, "CREATE TABLE agendum.bad (id uuid)", ["bad: no user_id"]),
    (rules.row_security_is_forced, f"{BAD})", ["bad: row security is not enabled and forced"]),
    (
        rules.row_security_is_forced,
        "ALTER TABLE agendum.task NO FORCE ROW LEVEL SECURITY",
        ["task: row security is not enabled and forced"],
    ),
    (
        rules.row_security_is_forced,
        "ALTER TABLE agendum.task DISABLE ROW LEVEL SECURITY",
        ["task: row security is not enabled and forced"],
    ),
    *(
        (
            rules.policies_limit_the_runtime_role_to_its_owner,
            f"CREATE POLICY bad ON agendum.task {rest}",
            ["task.bad: is not limited to the owner"],
        )
        for rest in (
            "TO agendum_app USING (true)",
            f"TO agendum_app USING ({OWNER})",
            f"TO agendum_app USING ({OWNER}) WITH CHECK (true)",
            f"USING ({OWNER}) WITH CHECK ({OWNER})",
            "FOR SELECT TO agendum_app USING (user_id = current_setting('app.user_id', true))",
        )
    ),
    (
        rules.what_the_runtime_role_may_do_has_a_policy,
        f"{BAD}); GRANT SELECT ON agendum.bad TO agendum_app",
        ["bad: a privilege without a policy"],
    ),
    (
        rules.other_roles_have_no_policies,
        "CREATE POLICY bad ON agendum.task TO agendum_identity USING (true)",
        ["task.bad: lets in agendum_identity"],
    ),
    (
        rules.other_roles_see_few_columns,
        "GRANT SELECT (title) ON agendum.task TO agendum_search",
        ["task.title: agendum_search may read or write it"],
    ),
    (
        rules.other_roles_see_few_columns,
        "GRANT UPDATE (deleted_at) ON agendum.tag TO agendum_worker",
        ["tag.deleted_at: agendum_worker may read or write it"],
    ),
    *(
        (
            rules.administrators_reach_no_content,
            f"GRANT {privilege} ({column}) ON agendum.{table} TO agendum_admin",
            [f"{table}.{column}: agendum_admin may {privilege}"],
        )
        for table, column, privilege in (
            ("task", "title", "SELECT"),
            ("password", "password_hash", "SELECT"),
            ("account", "subject", "SELECT"),
            ("account", "email", "UPDATE"),
            ("account", "user_id", "INSERT"),
            ("comment", "body", "UPDATE"),
        )
    ),
    (
        rules.administrators_reach_no_content,
        "CREATE POLICY bad ON agendum.change FOR SELECT TO agendum_admin USING (true)",
        ["change.bad: shows agendum_admin more than its own"],
    ),
    (
        rules.keys_begin_with_the_owner,
        f"{BAD}, CONSTRAINT pk_bad PRIMARY KEY (id))",
        ["bad.pk_bad: does not begin with user_id"],
    ),
    (
        rules.keys_begin_with_the_owner,
        f"{BAD}); CREATE UNIQUE INDEX ux_bad ON agendum.bad (id)",
        ["bad.ux_bad: does not begin with user_id"],
    ),
    (
        rules.keys_begin_with_the_owner,
        "CREATE UNIQUE INDEX ux_task_title ON agendum.task (lower(title))",
        ["task.ux_task_title: does not begin with user_id"],
    ),
    (
        rules.keys_begin_with_the_owner,
        f"{BAD} CONSTRAINT uq_bad_id UNIQUE); "
        "ALTER TABLE agendum.task ADD CONSTRAINT fk_task_id_bad FOREIGN KEY (id) REFERENCES agendum.bad (id)",
        [
            "bad.fk_task_id_bad: does not begin with user_id",
            "bad.uq_bad_id: does not begin with user_id",
            "task.fk_task_id_bad: does not begin with user_id",
        ],
    ),
    (rules.tables_have_a_primary_key, f"{BAD})", ["bad: no primary key"]),
    (
        rules.foreign_keys_have_an_index,
        f"{BAD}, CONSTRAINT fk_bad FOREIGN KEY (user_id, id) REFERENCES agendum.task); "
        "CREATE INDEX ix_bad ON agendum.bad (user_id)",
        ["bad.fk_bad: no index begins with its columns"],
    ),
    (
        rules.foreign_keys_have_an_index,
        f"{BAD}, CONSTRAINT fk_bad FOREIGN KEY (user_id, id) REFERENCES agendum.task); "
        "CREATE INDEX ix_bad ON agendum.bad (user_id, id) WHERE id IS NULL",
        ["bad.fk_bad: no index begins with its columns"],
    ),
    *(
        (
            rules.names_follow_the_convention,
            f"ALTER TABLE agendum.task ADD CONSTRAINT bad {what}",
            [f"task.bad: is not named {name}"],
        )
        for what, name in (
            ("UNIQUE (user_id, title)", "uq_task_user_id_title"),
            ("CHECK (version > 0)", "ck_task_%"),
            ("FOREIGN KEY (user_id) REFERENCES agendum.change_counter", "fk_task_user_id_change_counter"),
        )
    ),
    (
        rules.names_follow_the_convention,
        "CREATE INDEX bad ON agendum.task (user_id)",
        ["task.bad: is not named ix_task_%"],
    ),
    (
        rules.names_follow_the_convention,
        "ALTER TABLE agendum.task RENAME CONSTRAINT pk_task TO bad",
        ["task.bad: is not named pk_task"],
    ),
    (rules.roles_are_powerless, "ALTER ROLE agendum_app BYPASSRLS", ["agendum_app: may do too much"]),
    (
        rules.roles_are_powerless,
        "GRANT pg_read_all_data TO agendum_identity",
        ["agendum_identity: may do too much"],
    ),
    (
        rules.roles_own_nothing,
        "ALTER TABLE agendum.task OWNER TO agendum_app",
        ["agendum_app: owns table agendum.task"],
    ),
    (
        rules.few_may_delete_and_nobody_truncate,
        "GRANT DELETE ON agendum.change TO agendum_app",
        ["change: agendum_app may DELETE"],
    ),
    (
        rules.few_may_delete_and_nobody_truncate,
        "GRANT DELETE ON agendum.task TO agendum_worker",
        ["task: agendum_worker may DELETE"],
    ),
    (
        rules.few_may_delete_and_nobody_truncate,
        "GRANT CREATE ON SCHEMA agendum TO agendum_app",
        ["agendum: agendum_app may CREATE"],
    ),
    (
        rules.everybody_else_may_nothing,
        "GRANT SELECT (title) ON agendum.task TO PUBLIC",
        ["task: everybody may SELECT"],
    ),
    (
        rules.everybody_else_may_nothing,
        "GRANT SELECT ON agendum.password TO agendum_app",
        ["password: the runtime role may SELECT"],
    ),
    (
        rules.nothing_runs_as_its_owner,
        "CREATE VIEW agendum.bad AS SELECT 1",
        ["bad: a view, or a table that is elsewhere"],
    ),
    (
        rules.nothing_runs_as_its_owner,
        "CREATE FUNCTION agendum.bad() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        ["bad: runs as its definer"],
    ),
]


@pytest.mark.spec("ISO-002", "ISO-006")
@pytest.mark.parametrize("rule", RULES)
async def test_the_migrated_database_keeps(rule: Rule, connection: asyncpg.Connection) -> None:
    assert await rule(connection) == []


@pytest.mark.parametrize(("rule", "statement", "faults"), BROKEN)
async def test_a_rule_sees_what_breaks_it(
    rule: Rule, statement: str, faults: list[str], connection: asyncpg.Connection
) -> None:
    await connection.execute(statement)
    assert set(faults) <= set(await rule(connection))


def test_every_rule_has_been_seen_to_fail() -> None:
    assert {rule for rule, _statement, _faults in BROKEN} == set(RULES)


@pytest.mark.spec("ISO-006")
async def test_what_is_unique_across_people_is_known_and_really_there(connection: asyncpg.Connection) -> None:
    names = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY ($1)", list(rules.ACROSS_PEOPLE)
    )
    assert {record["relname"] for record in names} == rules.ACROSS_PEOPLE.keys()
