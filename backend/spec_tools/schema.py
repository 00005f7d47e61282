"""Reads the tables of the specification in the form in which the catalogue is read too, and compares them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from spec_tools.differences import compare_values
from spec_tools.documents import Section, SpecificationError, read_sections, unique

COLUMN_HEAD = ("column", "type", "null", "default")
POLICY_HEAD = ("policy", "command", "roles", "using", "with check")
FUNCTION_HEAD = ("function", "returns", "rights", "search path", "callers")
WALLED = ("enabled", "forced")


@dataclass(frozen=True, slots=True)
class Column:
    """A column, with its type and default as PostgreSQL prints them; a default of None is no default."""

    type: str
    nullable: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A row-level security policy, with its expressions as PostgreSQL prints them; None is no expression."""

    command: str
    roles: tuple[str, ...]
    using: str | None
    with_check: str | None


@dataclass(frozen=True, slots=True)
class DatabaseTable:
    """A table with everything that belongs to it, each by its name.

    Attributes:
        columns: The columns.
        constraints: Definitions, NOT NULL excluded.
        indexes: What follows the method of the index, led by UNIQUE where it is; those of constraints are excluded.
        policies: The policies.
        privileges: What each role may do, the owner excluded.
        row_security: "enabled" and "forced", as far as they hold.
    """

    columns: Mapping[str, Column]
    constraints: Mapping[str, str]
    indexes: Mapping[str, str]
    policies: Mapping[str, Policy]
    privileges: Mapping[str, tuple[str, ...]]
    row_security: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the schema.

    Attributes:
        powers: What it may do beyond its privileges on tables, such as "login"; a role of ours has none.
    """

    powers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the schema.

    Attributes:
        returns: What it gives, as PostgreSQL prints it.
        rights: Whose rights it runs with: those of its `caller`, or the name of the role that owns it.
        search_path: Where names without a schema are looked up; empty for wherever the caller does.
        callers: Who may call it, the owner excluded.
    """

    returns: str
    rights: str
    search_path: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables and functions of the schema and the roles that are let in, each by its name."""

    tables: Mapping[str, DatabaseTable] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    functions: Mapping[str, Function] = field(default_factory=dict)


def read_schema(text: str) -> Schema:
    """Read the tables, roles and functions of a specification.

    Raises:
        SpecificationError: There is no table, a name comes twice, or a cell cannot be understood.
    """
    sections = read_sections(text)
    abbreviations = unique(pair for section in sections for pair in section.abbreviations.items())
    tables = unique(
        (section.title, _table(section, abbreviations)) for section in sections if section.rows(*COLUMN_HEAD)
    )
    if not tables:
        raise SpecificationError(f"no table with the columns {', '.join(COLUMN_HEAD)}")
    roles = unique((row["role"], Role()) for section in sections for row in section.rows("role", "may"))
    rows = (row for section in sections for row in section.rows(*FUNCTION_HEAD))
    return Schema(tables, roles, unique((row["function"], _function(row)) for row in rows))


# Spec: features/spec-driven.md#SPEC-002
def compare(expected: Schema, actual: Schema) -> list[str]:
    """Tell how the schema of the specification and that of the database differ."""
    return compare_values(expected, actual, side="the database")


def _table(section: Section, abbreviations: Mapping[str, str]) -> DatabaseTable:
    return DatabaseTable(
        columns=unique((row["column"], _column(row)) for row in section.rows(*COLUMN_HEAD)),
        constraints=unique(
            (row["constraint"], row["definition"]) for row in section.rows("constraint", "definition")
        ),
        indexes=unique((row["index"], row["definition"]) for row in section.rows("index", "definition")),
        policies=unique((row["policy"], _policy(row, abbreviations)) for row in section.rows(*POLICY_HEAD)),
        privileges=unique(
            (row["role"], _names(row["privileges"])) for row in section.rows("role", "privileges")
        ),
        row_security=WALLED,
    )


def _column(row: Mapping[str, str]) -> Column:
    if row["null"] not in {"yes", "no"}:
        raise SpecificationError(
            f"{row['column']}: whether it may be null is {row['null']!r}, neither yes nor no"
        )
    return Column(row["type"], row["null"] == "yes", row["default"] or None)


def _policy(row: Mapping[str, str], abbreviations: Mapping[str, str]) -> Policy:
    using, with_check = (abbreviations.get(row[name], row[name]) or None for name in ("using", "with check"))
    return Policy(row["command"], _names(row["roles"]), using, with_check)


def _function(row: Mapping[str, str]) -> Function:
    return Function(row["returns"], row["rights"], row["search path"], _names(row["callers"]))


def _names(cell: str) -> tuple[str, ...]:
    return tuple(sorted(name.strip() for name in cell.split(",")))
