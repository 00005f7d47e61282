"""Reads the catalogue of a migrated database in the form of `schema`; it changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import asyncpg

from spec_tools.schema import Column, DatabaseTable, Function, Policy, Role, Schema

SCHEMA = "agendum"
VERSION_TABLE = "alembic_version"

Value = TypeVar("Value")

TABLES = """
select oid as relation, relname as name, relrowsecurity as enabled, relforcerowsecurity as forced
from pg_class
where relnamespace = $1::text::regnamespace and relname <> $2 and relkind = any ('{r,p,v,m,f}'::"char"[])
"""

COLUMNS = """
select attrelid as relation, attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable,
    case
        when attidentity <> '' then 'GENERATED AS IDENTITY'
        when attgenerated <> '' then 'GENERATED ALWAYS AS (' || pg_get_expr(adbin, adrelid) || ')'
        else pg_get_expr(adbin, adrelid)
    end as "default"
from pg_attribute
left join pg_attrdef on adrelid = attrelid and adnum = attnum
where attrelid = any ($1::oid[]) and attnum > 0 and not attisdropped
"""

CONSTRAINTS = """
select conrelid as relation, conname as name, pg_get_constraintdef(oid) as definition
from pg_constraint
where conrelid = any ($1::oid[]) and contype <> 'n'
"""

INDEXES = """
select indrelid as relation, relname as name, indisunique as is_unique, pg_get_indexdef(indexrelid) as definition
from pg_index
join pg_class on oid = indexrelid
where indrelid = any ($1::oid[])
    and not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
"""

POLICIES = """
select pg_class.oid as relation, policyname as name, permissive, cmd as command, roles::text[] as roles,
    qual as "using", with_check
from pg_policies
join pg_class on relname = tablename and relnamespace = schemaname::text::regnamespace
where pg_class.oid = any ($1::oid[])
"""

PRIVILEGES = """
with granted as (
    select pg_class.oid as relation, relowner, access.*, '' as suffix
    from pg_class, aclexplode(relacl) as access
    union all
    select attrelid, relowner, access.*, ' (' || attname || ')'
    from pg_class
    join pg_attribute on attrelid = pg_class.oid, aclexplode(attacl) as access
)
select relation, coalesce(rolname, 'public') as name,
    array_agg(privilege_type || suffix || case when is_grantable then ' WITH GRANT OPTION' else '' end) as privileges
from granted
left join pg_roles on pg_roles.oid = grantee
where relation = any ($1::oid[]) and grantee <> relowner
group by 1, 2
"""

ROLES = """
with admitted as (
    select distinct grantee
    from pg_namespace, aclexplode(nspacl)
    where nspname = $1 and grantee <> nspowner
)
select coalesce(rolname, 'public') as name, array_remove(array[
    case when rolsuper then 'superuser' end,
    case when rolbypassrls then 'bypassrls' end,
    case when rolcanlogin then 'login' end,
    case when rolcreaterole then 'createrole' end,
    case when rolcreatedb then 'createdb' end,
    case when rolreplication then 'replication' end,
    case when has_schema_privilege(grantee, $1, 'create') then 'create' end,
    case when exists (select from pg_auth_members where member = grantee) then 'member' end,
    case when exists (
        select from pg_shdepend where refobjid = grantee and deptype = 'o' and classid <> 'pg_proc'::regclass
    ) then 'owner' end
], null) as powers
from admitted
left join pg_roles on pg_roles.oid = grantee
"""


FUNCTIONS = """
select proname || '(' || pg_get_function_identity_arguments(oid) || ')' as name, pg_get_function_result(oid) as returns,
    case when prosecdef then pg_get_userbyid(proowner) else 'caller' end as rights,
    array_to_string(proconfig, '; ') as configuration,
    array(
        select coalesce(rolname, 'public')
        from aclexplode(coalesce(proacl, acldefault('f', proowner))) left join pg_roles on oid = grantee
        where grantee <> proowner order by 1
    ) as callers
from pg_proc
where pronamespace = $1::text::regnamespace
"""


async def read_catalogue(connection: asyncpg.Connection) -> Schema:
    """Read the tables of our schema, without that of the migrations, its functions, and the roles that may use it.

    Args:
        connection: A connection that sees the whole catalogue; inside a transaction, what that has changed is seen too.
    """
    async with connection.transaction():
        # Definitions name the schema of what they refer to unless it is on the path.
        await connection.execute("set local search_path to pg_catalog")
        return Schema(
            await _read_tables(connection), await _read_roles(connection), await _read_functions(connection)
        )


async def _read_tables(connection: asyncpg.Connection) -> dict[str, DatabaseTable]:
    tables = await connection.fetch(TABLES, SCHEMA, VERSION_TABLE)
    relations = [table["relation"] for table in tables]
    columns = _group(
        await connection.fetch(COLUMNS, relations),
        lambda row: Column(row["type"], row["nullable"], row["default"]),
    )
    constraints = _group(await connection.fetch(CONSTRAINTS, relations), lambda row: str(row["definition"]))
    indexes = _group(await connection.fetch(INDEXES, relations), _index)
    policies = _group(await connection.fetch(POLICIES, relations), _policy)
    privileges = _group(
        await connection.fetch(PRIVILEGES, relations), lambda row: tuple(sorted(row["privileges"]))
    )
    return {
        table["name"]: DatabaseTable(
            columns=columns[table["relation"]],
            constraints=constraints[table["relation"]],
            indexes=indexes[table["relation"]],
            policies=policies[table["relation"]],
            privileges=privileges[table["relation"]],
            row_security=tuple(state for state in ("enabled", "forced") if table[state]),
        )
        for table in tables
    }


async def _read_roles(connection: asyncpg.Connection) -> dict[str, Role]:
    return {row["name"]: Role(tuple(row["powers"])) for row in await connection.fetch(ROLES, SCHEMA)}


async def _read_functions(connection: asyncpg.Connection) -> dict[str, Function]:
    return {
        row["name"]: Function(
            row["returns"],
            row["rights"],
            (row["configuration"] or "").removeprefix("search_path="),
            tuple(sorted(row["callers"])),
        )
        for row in await connection.fetch(FUNCTIONS, SCHEMA)
    }


def _group(
    rows: Iterable[asyncpg.Record], build: Callable[[asyncpg.Record], Value]
) -> Mapping[int, dict[str, Value]]:
    groups: defaultdict[int, dict[str, Value]] = defaultdict(dict)
    for row in rows:
        groups[row["relation"]][row["name"]] = build(row)
    return groups


def _index(row: asyncpg.Record) -> str:
    # An expression may be printed on several lines.
    definition = " ".join(str(row["definition"]).partition(" USING ")[2].removeprefix("btree ").split())
    return f"UNIQUE {definition}" if row["is_unique"] else definition


def _policy(row: asyncpg.Record) -> Policy:
    command = row["command"] if row["permissive"] == "PERMISSIVE" else f"RESTRICTIVE {row['command']}"
    return Policy(command, tuple(sorted(row["roles"])), row["using"], row["with_check"])
