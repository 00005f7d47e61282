"""What the catalogue of a migrated database must show about every table, role and function.

Each rule returns the faults that it finds.
"""

from collections.abc import Awaitable, Callable

import asyncpg

Rule = Callable[[asyncpg.Connection], Awaitable[list[str]]]

RUNTIME, IDENTITY, SEARCH, WORKER = "agendum_app", "agendum_identity", "agendum_search", "agendum_worker"
ADMIN, ERASER = "agendum_admin", "agendum_eraser"
ROLES = [RUNTIME, IDENTITY, SEARCH, WORKER, ADMIN, ERASER]
OWNER = "(user_id = ( SELECT NULLIF(current_setting('app.user_id'::text, true), ''::text) AS \"nullif\"))"
# What other roles may reach, and the columns of it: the identity role finds people before anybody is known to be
# calling, the search role owns the function that looks into the search index, and the worker's learns who has something
# to clear away.
OTHER_POLICIES = {
    "account_identity": IDENTITY,
    "personal_token_identity": IDENTITY,
    "change_counter_identity": IDENTITY,
    "password_identity": IDENTITY,
    "session_identity": IDENTITY,
    **{f"{table}_identity": IDENTITY for table in ("mail", "mailed_token", "invitation")},
    "task_search": SEARCH,
    "comment_search": SEARCH,
    **{
        f"{table}_worker": WORKER
        for table in (
            *("task", "comment", "category", "tag", "saved_filter", "idempotency_key"),
            *("personal_token", "session", "mail", "mailed_token", "invitation"),
        )
    },
    **{f"{table}_admin": ADMIN for table in ("account", "change", "change_counter", "idempotency_key")},
}
# Where the role of administration sees only what is administration's own.
OWNED_BY_ADMINISTRATION = ["change", "change_counter", "idempotency_key"]
_WHO_IT_IS = [
    "user_id",
    "issuer",
    "email",
    "name",
    "kind",
    "role",
    "created_at",
    "email_verified_at",
    "deleted_at",
]
_WHO_MAY_COME_IN = ["role", "disabled_at", "tokens_valid_from", "updated_at", "version"]
# Of people, what administrators see, and of that what they change.
OF_PEOPLE = {"SELECT": [*_WHO_IT_IS, *_WHO_MAY_COME_IN], "UPDATE": _WHO_MAY_COME_IN, "INSERT": []}
# The eraser's policy is the owner's, on every table.
OF_THE_ERASER = "_eraser"
MAY_BE_SEEN = {
    SEARCH: ["id", "user_id", "task_id", "search", "deleted_at"],
    WORKER: ["user_id", "id", "deleted_at", "created_at", "expires_at", "next_attempt_at"],
}
# What may be deleted: the trash is emptied, a task loses its tags, answers and ended sessions are kept for a day, mail
# for some, and an account goes whole.
PURGED = [
    *("task", "comment", "category", "tag", "saved_filter", "task_tag", "idempotency_key", "personal_token"),
    *("session", "mail", "mailed_token", "invitation"),
]
# What the eraser may not delete, because the change sequence needs it.
STAYING = ["account", "change"]
# The one function that runs with the rights of its owner, and who that is (decision 8).
DEFINERS = {"found_tasks": SEARCH}
# Uniqueness across people, and why.
ACROSS_PEOPLE = {
    "uq_account_issuer_subject": "A person is found by issuer and subject before the user id is known.",
    "ux_account_email": "An e-mail logged one person in, in the release before.",
    "ux_account_email_folded": "An e-mail logs one person in.",
    "ux_personal_token_digest": "A personal token is looked up by its digest before the user id is known.",
    "ux_mailed_token_id": "A link is followed before it is known whose it is.",
    "ux_invitation_id": "An invitation is brought before anybody is known.",
}
_TABLES = """
    SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, (
        SELECT attnum FROM pg_attribute WHERE attrelid = c.oid AND attname = 'user_id' AND NOT attisdropped
    ) AS owner_column
    FROM pg_class c
    WHERE c.relnamespace = 'agendum'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
"""

_COLUMNS_OF_KEY = """
    SELECT string_agg(attname, '_' ORDER BY place) FROM unnest(conkey) WITH ORDINALITY AS part (number, place)
    JOIN pg_attribute ON attrelid = conrelid AND attnum = number
"""


async def _names(connection: asyncpg.Connection, query: str, *values: object) -> list[str]:
    return [
        record[0]
        for record in await connection.fetch(f"WITH owned AS ({_TABLES}) {query} ORDER BY 1", *values)
    ]


async def every_table_has_an_owner(connection: asyncpg.Connection) -> list[str]:
    """A table without `user_id` belongs to nobody, and nothing would limit it."""
    return await _names(connection, "SELECT relname || ': no user_id' FROM owned WHERE owner_column IS NULL")


async def row_security_is_forced(connection: asyncpg.Connection) -> list[str]:
    """Enabled, and forced upon the owner of the table as well."""
    query = """
        SELECT relname || ': row security is not enabled and forced'
        FROM owned WHERE NOT (relrowsecurity AND relforcerowsecurity)
    """
    return await _names(connection, query)


async def policies_limit_the_runtime_role_to_its_owner(connection: asyncpg.Connection) -> list[str]:
    """Each clause of a policy is the owner's, with the setting in a sub-select, which is asked once for each query."""
    query = """
        SELECT relname || '.' || polname || ': is not limited to the owner'
        FROM pg_policy JOIN owned ON owned.oid = polrelid
        WHERE ($1::regrole = ANY (polroles) OR 0 = ANY (polroles)) AND NOT (
            polpermissive AND polroles = ARRAY[$1::regrole::oid]
            AND (polcmd = 'a') = (polqual IS NULL) AND (polcmd IN ('r', 'd')) = (polwithcheck IS NULL)
            AND coalesce(pg_get_expr(polqual, polrelid), $2) = $2
            AND coalesce(pg_get_expr(polwithcheck, polrelid), $2) = $2
        )
    """
    return await _names(connection, query, RUNTIME, OWNER)


async def what_the_runtime_role_may_do_has_a_policy(connection: asyncpg.Connection) -> list[str]:
    """A privilege without a policy shows nothing, so either a policy was forgotten or the privilege is too much."""
    query = """
        SELECT relname || ': a privilege without a policy'
        FROM owned WHERE has_any_column_privilege($1, oid, 'SELECT, INSERT, UPDATE') AND NOT EXISTS (
            SELECT FROM pg_policy WHERE polrelid = owned.oid AND $1::regrole = ANY (polroles)
        )
    """
    return await _names(connection, query, RUNTIME)


async def other_roles_have_no_policies(connection: asyncpg.Connection) -> list[str]:
    """Each other role reaches what its work takes, by a policy that is named above; nobody else reaches anything."""
    query = """
        SELECT relname || '.' || polname || ': lets in ' || pg_get_userbyid(role)
        FROM pg_policy JOIN owned ON owned.oid = polrelid, unnest(polroles) AS role
        WHERE role <> $1::regrole
            AND NOT (polname, pg_get_userbyid(role)) IN (SELECT unnest($2::name[]), unnest($3::name[]))
            AND NOT (
                polname = relname || $4 AND role = $5::regrole
                AND pg_get_expr(polqual, polrelid) = $6 AND pg_get_expr(polwithcheck, polrelid) = $6
            )
    """
    known = [*OTHER_POLICIES], [*OTHER_POLICIES.values()]
    return await _names(connection, query, RUNTIME, *known, OF_THE_ERASER, ERASER, OWNER)


async def other_roles_see_few_columns(connection: asyncpg.Connection) -> list[str]:
    """The search role sees words and ids, the worker's owners and moments; neither writes anything."""
    faults = []
    for role, columns in MAY_BE_SEEN.items():
        query = """
            SELECT relname || '.' || attname || ': ' || $1 || ' may read or write it'
            FROM owned JOIN pg_attribute ON attrelid = owned.oid
            WHERE attnum > 0 AND NOT attisdropped AND (
                has_column_privilege($1, attrelid, attnum, 'INSERT, UPDATE')
                OR (has_column_privilege($1, attrelid, attnum, 'SELECT') AND NOT attname = ANY ($2))
            )
        """
        faults += await _names(connection, query, role, columns)
    return faults


async def administrators_reach_no_content(connection: asyncpg.Connection) -> list[str]:
    """Administration sees few columns of people, of some tables its own rows alone, and of all others nothing."""
    seen = """
        SELECT relname || '.' || attname || ': ' || $1 || ' may ' || $2
        FROM owned JOIN pg_attribute ON attrelid = owned.oid
        WHERE attnum > 0 AND NOT attisdropped AND has_column_privilege($1, attrelid, attnum, $2)
        AND NOT relname = ANY ($3) AND NOT (relname = 'account' AND attname = ANY ($4))
    """
    others = """
        SELECT relname || '.' || polname || ': shows ' || $1 || ' more than its own'
        FROM pg_policy JOIN owned ON owned.oid = polrelid
        WHERE $1::regrole = ANY (polroles) AND relname <> 'account' AND (
            coalesce(pg_get_expr(polqual, polrelid), $2) <> $2
            OR coalesce(pg_get_expr(polwithcheck, polrelid), $2) <> $2
        )
    """
    faults = await _names(connection, others, ADMIN, "(user_id = 'administration'::text)")
    for privilege, columns in OF_PEOPLE.items():
        faults += await _names(connection, seen, ADMIN, privilege, OWNED_BY_ADMINISTRATION, columns)
    return faults


async def keys_begin_with_the_owner(connection: asyncpg.Connection) -> list[str]:
    """Primary keys, foreign keys on both sides, and whatever is unique, by a constraint or by an index."""
    query = """
        SELECT owned.relname || '.' || name || ': does not begin with user_id' FROM (
            SELECT conrelid, conname AS name, conkey[1] FROM pg_constraint WHERE contype IN ('p', 'u', 'f', 'x')
            UNION ALL
            SELECT confrelid, conname, confkey[1] FROM pg_constraint WHERE contype = 'f'
            UNION ALL
            SELECT indrelid, pg_class.relname, indkey[0] FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
            WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        ) AS key (oid, name, first) JOIN owned USING (oid)
        WHERE first IS DISTINCT FROM owner_column AND NOT name = ANY ($1)
    """
    return await _names(connection, query, list(ACROSS_PEOPLE))


async def tables_have_a_primary_key(connection: asyncpg.Connection) -> list[str]:
    """Without one a row cannot be named."""
    query = """
        SELECT relname || ': no primary key' FROM owned
        WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = owned.oid AND contype = 'p')
    """
    return await _names(connection, query)


async def foreign_keys_have_an_index(connection: asyncpg.Connection) -> list[str]:
    """A whole and valid index begins with the columns of the key."""
    query = """
        SELECT relname || '.' || conname || ': no index begins with its columns'
        FROM pg_constraint JOIN owned ON owned.oid = conrelid
        WHERE contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index WHERE indrelid = conrelid AND indisvalid AND indpred IS NULL
            AND (indkey::int2[])[0:array_length(conkey, 1) - 1] @> conkey
        )
    """
    return await _names(connection, query)


async def names_follow_the_convention(connection: asyncpg.Connection) -> list[str]:
    """The kind, the table, and the columns, the referred table or the rule."""
    query = f"""
        SELECT owned.relname || '.' || name || ': is not named ' || pattern FROM (
            SELECT conrelid, conname, CASE contype
                WHEN 'p' THEN 'pk_' || t.relname
                WHEN 'f' THEN 'fk_' || t.relname || '_' || ({_COLUMNS_OF_KEY}) || '_' || r.relname
                WHEN 'u' THEN 'uq_' || t.relname || '_' || ({_COLUMNS_OF_KEY})
                ELSE 'ck_' || t.relname || '_%' END
            FROM pg_constraint JOIN pg_class t ON t.oid = conrelid LEFT JOIN pg_class r ON r.oid = confrelid
            WHERE contype IN ('p', 'f', 'u', 'c')
            UNION ALL
            SELECT indrelid, i.relname, CASE WHEN indisunique THEN 'ux_' ELSE 'ix_' END || t.relname || '_%'
            FROM pg_index JOIN pg_class i ON i.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
            WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
        ) AS named (oid, name, pattern) JOIN owned USING (oid)
        WHERE name NOT LIKE replace(pattern, '_', '\\_')
    """
    return await _names(connection, query)


async def roles_are_powerless(connection: asyncpg.Connection) -> list[str]:
    """No role can log in, do more than its grants, or become another."""
    query = """
        SELECT rolname || ': may do too much' FROM pg_roles WHERE rolname = ANY ($1) AND (
            rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolcanlogin OR rolreplication OR rolinherit
            OR EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)
        )
        UNION ALL SELECT role || ': is missing' FROM unnest($1::text[]) AS role WHERE to_regrole(role) IS NULL
    """
    return await _names(connection, query, ROLES)


async def roles_own_nothing(connection: asyncpg.Connection) -> list[str]:
    """An owner could switch row security off."""
    query = """
        SELECT pg_get_userbyid(refobjid) || ': owns ' || pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o' AND refobjid = ANY ($1::regrole[])
        AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND NOT (classid = 'pg_proc'::regclass AND (SELECT proname FROM pg_proc WHERE oid = objid) = ANY ($2))
    """
    return await _names(connection, query, ROLES, list(DEFINERS))


async def few_may_delete_and_nobody_truncate(connection: asyncpg.Connection) -> list[str]:
    """Row security does not cover TRUNCATE, REFERENCES and TRIGGER.

    Only the runtime role deletes, and only what is named above, and the eraser, which leaves what is named above.
    """
    query = """
        SELECT relname || ': ' || role || ' may ' || privilege FROM owned, unnest($1 || ARRAY['public']) AS role,
        unnest(ARRAY['DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
        WHERE has_table_privilege(role, owned.oid, privilege)
        AND NOT (role = $2 AND privilege = 'DELETE' AND relname = ANY ($3))
        AND NOT (role = $4 AND privilege = 'DELETE' AND NOT relname = ANY ($5))
        UNION ALL
        SELECT 'agendum: ' || role || ' may CREATE' FROM unnest($1 || ARRAY['public']) AS role
        WHERE has_schema_privilege(role, 'agendum', 'CREATE')
    """
    return await _names(connection, query, ROLES, RUNTIME, PURGED, ERASER, STAYING)


async def everybody_else_may_nothing(connection: asyncpg.Connection) -> list[str]:
    """Privileges go to our two roles alone, and passwords are closed to the runtime role."""
    query = """
        SELECT relname || ': everybody may ' || privilege
        FROM owned, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege
        WHERE has_any_column_privilege('public', owned.oid, privilege)
        UNION ALL
        SELECT relname || ': the runtime role may ' || privilege
        FROM owned, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS privilege
        WHERE relname = 'password' AND has_any_column_privilege($1, owned.oid, privilege)
    """
    return await _names(connection, query, RUNTIME)


async def nothing_runs_as_its_owner(connection: asyncpg.Connection) -> list[str]:
    """A view, a rule or a function of a definer would read past row security."""
    query = """
        SELECT relname || ': a view, or a table that is elsewhere' FROM pg_class
        WHERE relnamespace = 'agendum'::regnamespace AND relkind IN ('v', 'm', 'f')
        UNION ALL
        SELECT proname || ': runs as its definer' FROM pg_proc
        WHERE prosecdef AND pronamespace <> ALL (ARRAY['pg_catalog', 'information_schema']::regnamespace[])
        AND (pronamespace <> 'agendum'::regnamespace
            OR (proname, pg_get_userbyid(proowner)) NOT IN (SELECT unnest($1::name[]), unnest($2::name[])))
        UNION ALL
        SELECT rulename || ': a rule' FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
        WHERE relnamespace = 'agendum'::regnamespace AND relkind = 'r'
    """
    return await _names(connection, query, list(DEFINERS), list(DEFINERS.values()))


RULES: tuple[Rule, ...] = (
    every_table_has_an_owner,
    row_security_is_forced,
    policies_limit_the_runtime_role_to_its_owner,
    what_the_runtime_role_may_do_has_a_policy,
    other_roles_have_no_policies,
    other_roles_see_few_columns,
    administrators_reach_no_content,
    keys_begin_with_the_owner,
    tables_have_a_primary_key,
    foreign_keys_have_an_index,
    names_follow_the_convention,
    roles_are_powerless,
    roles_own_nothing,
    few_may_delete_and_nobody_truncate,
    everybody_else_may_nothing,
    nothing_runs_as_its_owner,
)
