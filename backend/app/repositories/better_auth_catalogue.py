"""What PostgreSQL's catalogue says of a table that is not ours, as a role sees it. It reads nothing of the table."""

from typing import NamedTuple

from sqlalchemy import Text, and_, bindparam, column, func, literal_column, not_, or_, select, table

from app.database.connection import Session
from app.database.statements import Statement

_CATALOGUE = "pg_catalog"
_SCHEMA = table("pg_namespace", column("oid"), column("nspname"), schema=_CATALOGUE)
_TABLE = table("pg_class", column("oid"), column("relname"), column("relnamespace"), schema=_CATALOGUE)
_COLUMN = table(
    "pg_attribute",
    *(column(name) for name in ("attrelid", "attname", "attnum", "atttypid", "attisdropped")),
    schema=_CATALOGUE,
)
_POLICY = table(
    "pg_policy", *(column(name) for name in ("polrelid", "polcmd", "polroles")), schema=_CATALOGUE
)
_SELECT = literal_column("'SELECT'", Text)
_ROLES = func.unnest(_POLICY.c.polroles).table_valued("role").render_derived()
# A policy for reading that is for everybody, which is the role 0, or for a role that the present one has.
_IS_SHOWN = (
    select(literal_column("1"))
    .select_from(_POLICY.join(_ROLES, literal_column("true")))
    .where(
        _POLICY.c.polrelid == _TABLE.c.oid,
        _POLICY.c.polcmd.in_([literal_column("'r'"), literal_column("'*'")]),
        or_(
            _ROLES.c.role == literal_column("0"),
            func.pg_has_role(_ROLES.c.role, literal_column("'USAGE'")),
        ),
    )
    .exists()
)
_COLUMNS = Statement(
    select(
        _COLUMN.c.attname,
        func.format_type(_COLUMN.c.atttypid, literal_column("NULL")),
        func.has_column_privilege(_TABLE.c.oid, _COLUMN.c.attnum, _SELECT),
        func.has_schema_privilege(_SCHEMA.c.oid, literal_column("'USAGE'")),
        and_(func.row_security_active(_TABLE.c.oid), not_(_IS_SHOWN)),
    )
    .join_from(_SCHEMA, _TABLE, _TABLE.c.relnamespace == _SCHEMA.c.oid)
    .join(_COLUMN, _COLUMN.c.attrelid == _TABLE.c.oid)
    .where(
        _SCHEMA.c.nspname == bindparam("schema"),
        _TABLE.c.relname == bindparam("name"),
        _COLUMN.c.attnum > literal_column("0"),
        not_(_COLUMN.c.attisdropped),
    )
)


class ColumnAsItIs(NamedTuple):
    """A column: its type as PostgreSQL prints it, and whether the present role may read it."""

    type: str
    is_open: bool


class TableAsItIs(NamedTuple):
    """A table or a view; one that is not there has no columns.

    Attributes:
        title: Its name as SQL writes it.
        columns: Its columns by their names.
        is_schema_open: Whether the present role may use its schema.
        is_walled: Whether row-level security shows the present role no row.
    """

    title: str
    columns: dict[str, ColumnAsItIs]
    is_schema_open: bool
    is_walled: bool


async def read_table(session: Session, *, schema: str, name: str) -> TableAsItIs:
    """Return what the catalogue says of a table; the names are to be known as harmless."""
    records = await session.fetch(_COLUMNS, schema=schema, name=name)
    columns = {record[0]: ColumnAsItIs(record[1], is_open=record[2]) for record in records}
    return TableAsItIs(
        f'"{schema}"."{name}"',
        columns,
        is_schema_open=all(record[3] for record in records),
        is_walled=any(record[4] for record in records),
    )
