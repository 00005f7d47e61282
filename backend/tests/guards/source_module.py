"""One file of the house as text, comments and syntax tree, and what the room that it stands in may do.

Must not judge: that is what the rules are for.
"""

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

BACKEND = Path(__file__).parents[2]
PROJECT = BACKEND.parent

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Room(NamedTuple):
    """What a room of the app may do beyond what every room may.

    The defaults are the strictest that most rooms live with.
    """

    libraries: frozenset[str] = frozenset()
    writes_sql: bool = False
    opens_connections: bool = True
    reads_clock: bool = True
    prints: bool = False


TABLES = frozenset({"sqlalchemy", "sqlmodel"})
DRIVER = frozenset({"asyncpg"})
ROOMS = {
    "__init__": Room(),
    "__main__": Room(),
    "main": Room(),
    "routes": Room(),
    "http": Room(),
    "server": Room(),
    "console": Room(prints=True),
    "workers": Room(),
    "dependencies": Room(),
    "middleware": Room(),
    "runtime": Room(),
    "events": Room(),
    "services": Room(opens_connections=False),
    "repositories": Room(libraries=TABLES | DRIVER, writes_sql=True, opens_connections=False),
    "database": Room(libraries=TABLES | DRIVER, writes_sql=True),
    "migrations": Room(libraries=TABLES, writes_sql=True),
    "models": Room(libraries=TABLES, writes_sql=True),
    "schemas": Room(),
    "domain": Room(opens_connections=False, reads_clock=False),
    "config": Room(),
    "utils": Room(),
}


@dataclass(frozen=True)
class SourceModule:
    """A source file by its path as findings print it (`app/services/tasks.py`) and its whole text."""

    path: str
    text: str

    @property
    def folder(self) -> str:
        """The top folder: `app`, `tests`, `spec_tools` or `bench`."""
        return PurePosixPath(self.path).parts[0]

    @property
    def room_name(self) -> str:
        """The folder or module directly below `app`, such as `services` or `main`."""
        return PurePosixPath(self.path).parts[1].removesuffix(".py")

    @property
    def room(self) -> Room:
        """What this module may do; a room that has no place in the table may do the least."""
        return ROOMS.get(self.room_name, Room())

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the syntax tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Every function and method, nested ones included."""
        return tuple(node for node in self.nodes if isinstance(node, Function))

    @cached_property
    def comments(self) -> dict[int, str]:
        """The comment of each line that has one."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}

    @cached_property
    def docstrings(self) -> tuple[tuple[int, str], ...]:
        """First line and text of every string that stands alone as a statement."""
        return tuple(
            (node.lineno, node.value.value)
            for node in self.nodes
            if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        )

    @cached_property
    def strings(self) -> tuple[tuple[int, str], ...]:
        """Line and text of every string that is not a docstring; a formatted value in one reads as `?`."""
        formatted = [node for node in self.nodes if isinstance(node, ast.JoinedStr)]
        seen = {id(part) for node in formatted for part in node.values}
        seen |= {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}
        plain = [node for node in self.nodes if isinstance(node, ast.Constant) and id(node) not in seen]
        joined = [(node.lineno, "".join(_text(part) for part in node.values)) for node in formatted]
        return (*((node.lineno, node.value) for node in plain if isinstance(node.value, str)), *joined)

    @cached_property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Line and dotted name of everything imported: `from urllib import request` reads as `urllib.request`."""
        whole = [
            (node.lineno, alias.name)
            for node in self.nodes
            if isinstance(node, ast.Import)
            for alias in node.names
        ]
        taken = [
            (node.lineno, f"{node.module}.{alias.name}")
            for node in self.nodes
            if isinstance(node, ast.ImportFrom) and node.level == 0
            for alias in node.names
        ]
        return (*whole, *taken)


def modules_below(folder: str) -> Iterator[SourceModule]:
    """Read every Python file of a top folder, wherever it stands: beside the backend or inside it."""
    root = BACKEND if (BACKEND / folder).is_dir() else PROJECT
    for file in sorted((root / folder).rglob("*.py")):
        yield SourceModule(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))


def text_files() -> Iterator[SourceModule]:
    """Read every text file that git tracks, or would track once it is added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    for path in sorted(set(listing.split("\0")) - {""}):
        content = (PROJECT / path).read_bytes() if (PROJECT / path).is_file() else b""
        if b"\0" not in content:
            yield SourceModule(path, content.decode("utf-8", errors="replace"))


def lines_of(node: ast.stmt) -> int:
    """The number of lines that a statement spans, decorators not counted."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def last_name(node: ast.AST) -> str:
    """The name that an expression ends in: `pytest.mark.skip(...)` is `skip`; nothing for what has no name."""
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return last_name(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _text(part: ast.expr) -> str:
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "?"
