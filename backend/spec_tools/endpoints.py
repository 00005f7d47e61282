"""Reads the operations of the specification and of an OpenAPI document in one form, and compares them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from spec_tools.differences import compare_values
from spec_tools.documents import SpecificationError, read_sections, unique
from spec_tools.openapi import JsonObject, Operation, read_operations

COLUMNS = ("method", "path", "who", "success", "errors", "requirements")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the HTTP door.

    Attributes:
        method: The method in capitals.
        path: The path template.
        who: `public`, or the scheme by which a caller is known, such as `bearer`.
        success: The statuses of success.
        errors: The statuses of refusal and failure, sorted.
        requirements: The requirements behind it; an OpenAPI document does not say them.
    """

    method: str
    path: str
    who: str
    success: tuple[str, ...]
    errors: tuple[str, ...]
    requirements: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The method and the path, as in `GET /api/tasks`."""
        return f"{self.method} {self.path}"


def read_endpoints(text: str) -> tuple[Endpoint, ...]:
    """Read the table of operations in a specification.

    Raises:
        SpecificationError: There is no such table.
    """
    rows = [row for section in read_sections(text) for row in section.rows(*COLUMNS)]
    if not rows:
        raise SpecificationError(f"no table with the columns {', '.join(COLUMNS)}")
    return tuple(
        Endpoint(
            row["method"],
            row["path"],
            row["who"],
            success=_words(row["success"]),
            errors=_words(row["errors"]),
            requirements=tuple(row["requirements"].split()),
        )
        for row in rows
    )


def read_document(document: JsonObject) -> tuple[Endpoint, ...]:
    """Read the operations of an OpenAPI document."""
    return tuple(
        Endpoint(
            operation.method,
            operation.path,
            _who(document, operation),
            success=tuple(sorted(operation.success)),
            errors=tuple(sorted(operation.errors)),
        )
        for operation in read_operations(document)
    )


# Spec: features/spec-driven.md#SPEC-001
def compare(expected: Iterable[Endpoint], actual: Iterable[Endpoint]) -> list[str]:
    """Tell how the operations of the specification and of the document differ, whatever their requirements.

    Raises:
        SpecificationError: An operation is described twice.
    """
    return compare_values(_by_name(expected), _by_name(actual), side="the document")


def find_unknown_requirements(endpoints: Iterable[Endpoint], known: Collection[str]) -> list[str]:
    """Tell which operations have no requirement behind them, or one that does not exist."""
    differences = []
    for endpoint in endpoints:
        if not endpoint.requirements:
            differences.append(f"{endpoint.name}: names no requirement")
        differences += [
            f"{endpoint.name}: {name} is no requirement"
            for name in endpoint.requirements
            if name not in known
        ]
    return differences


def _by_name(endpoints: Iterable[Endpoint]) -> dict[str, Endpoint]:
    return unique((endpoint.name, replace(endpoint, requirements=())) for endpoint in endpoints)


def _words(cell: str) -> tuple[str, ...]:
    return tuple(sorted(cell.split()))


def _who(document: JsonObject, operation: Operation) -> str:
    required = operation.content.get("security", document.get("security", []))
    if not all(required) or not required:
        return "public"
    schemes = document["components"]["securitySchemes"]
    names = {name for requirement in required for name in requirement}
    return " ".join(sorted({schemes[name].get("scheme", schemes[name]["type"]).lower() for name in names}))
