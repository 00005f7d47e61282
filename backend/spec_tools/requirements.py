"""Reads the requirements and who cites them, in comments and in test markers, and tells what is uncited or unknown."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spec_tools.documents import SpecificationError, read_sections

IDENTIFIER = re.compile(r"[A-Z]+-[0-9]{3}")
COMMENT_PREFIX = "Spec:"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One numbered requirement.

    Attributes:
        identifier: Its prefix and number, as in TASK-001.
        file: The file that holds it, from the folder of the specifications.
        text: What it demands.
    """

    identifier: str
    file: str
    text: str

    @property
    def prefix(self) -> str:
        """The letters of the identifier."""
        return self.identifier.partition("-")[0]

    @property
    def target(self) -> str:
        """What a comment cites, as in `features/tasks.md#TASK-001`."""
        return f"{self.file}#{self.identifier}"


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that says which requirement it is for.

    Attributes:
        target: What is cited: a requirement's target in a comment, its identifier in a test.
        place: The file and line.
    """

    target: str
    place: str


def read_requirements(text: str, file: str) -> tuple[Requirement, ...]:
    """Read the list items of a feature that begin with a bold identifier.

    Raises:
        SpecificationError: An item begins with bold words that are no identifier.
    """
    items = [item for section in read_sections(text) for item in section.items if item.label]
    for item in items:
        if not IDENTIFIER.fullmatch(item.label):
            raise SpecificationError(f"{file}: {item.label!r} is no identifier such as TASK-001")
    return tuple(Requirement(item.label, file, item.text) for item in items)


def read_comments(source: str, place: str) -> tuple[Citation, ...]:
    """Read the citations in the comments of a Python module."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return tuple(
        citation
        for token in tokens
        if token.type == tokenize.COMMENT
        for citation in _cited(token.string, f"{place}:{token.start[0]}")
    )


def read_plain_comments(source: str, place: str) -> tuple[Citation, ...]:
    """Read the citations in lines that begin with `#`, in files that are not Python."""
    lines = enumerate(source.splitlines(), start=1)
    return tuple(
        citation
        for number, line in lines
        if line.lstrip().startswith("#")
        for citation in _cited(line, f"{place}:{number}")
    )


def read_markers(source: str, place: str) -> tuple[Citation, ...]:
    """Read the citations in the `pytest.mark.spec` decorators of the tests in a Python module."""
    return tuple(
        Citation(_named(argument), f"{place}:{argument.lineno}")
        for test in ast.walk(ast.parse(source))
        if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and test.name.lower().startswith("test")
        for decorator in test.decorator_list
        for call in ast.walk(decorator)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.spec"
        for argument in call.args
    )


# Spec: features/spec-driven.md#SPEC-003
def compare(
    requirements: Iterable[Requirement], *, comments: Iterable[Citation], markers: Iterable[Citation]
) -> list[str]:
    """Tell where requirements, code and tests do not fit together.

    Those are requirements without code or test, citations that name none, and identifiers that are ambiguous.
    """
    every, cited_by_code, cited_by_tests = tuple(requirements), tuple(comments), tuple(markers)
    return [
        *_ambiguous(every),
        *_uncited(
            every,
            {citation.target for citation in cited_by_code},
            {citation.target for citation in cited_by_tests},
        ),
        *_unknown(cited_by_code, {requirement.target for requirement in every}),
        *_unknown(cited_by_tests, {requirement.identifier for requirement in every}),
    ]


def read_feature_folder(specifications: Path) -> tuple[Requirement, ...]:
    """Read the requirements of every feature."""
    return tuple(
        requirement
        for path in sorted((specifications / "features").glob("*.md"))
        for requirement in read_requirements(
            path.read_text("utf-8"), path.relative_to(specifications).as_posix()
        )
    )


def read_code(repository: Path) -> tuple[Citation, ...]:
    """Read the citations of the application and its build, and those that these tools make of their own feature."""
    backend = repository / "backend"
    modules = _modules(backend / "app")
    citations = [
        citation
        for path in modules
        for citation in read_comments(path.read_text("utf-8"), _place(repository, path))
    ]
    for path in _modules(backend / "spec_tools"):
        own = read_comments(path.read_text("utf-8"), _place(repository, path))
        citations += [citation for citation in own if "#SPEC-" in citation.target]
    for path in (repository / "Makefile", backend / "pyproject.toml"):
        citations += read_plain_comments(path.read_text("utf-8"), _place(repository, path))
    return tuple(citations)


def read_tests(repository: Path) -> tuple[Citation, ...]:
    """Read the citations of every test of the backend."""
    modules = _modules(repository / "backend" / "tests")
    return tuple(
        citation
        for path in modules
        for citation in read_markers(path.read_text("utf-8"), _place(repository, path))
    )


def _named(argument: ast.expr) -> str:
    return str(argument.value) if isinstance(argument, ast.Constant) else ast.unparse(argument)


def _cited(comment: str, place: str) -> Iterator[Citation]:
    words = comment.lstrip().lstrip("#").strip()
    if words.startswith(COMMENT_PREFIX):
        targets = words.removeprefix(COMMENT_PREFIX).replace(",", " ").split()
        yield from (Citation(target, place) for target in targets or [""])


def _ambiguous(requirements: tuple[Requirement, ...]) -> Iterator[str]:
    places, files, prefixes = defaultdict(list), defaultdict(set), defaultdict(set)
    for requirement in requirements:
        places[requirement.identifier].append(requirement.file)
        files[requirement.prefix].add(requirement.file)
        prefixes[requirement.file].add(requirement.prefix)
    yield from (
        f"{name}: given {len(found)} times, in {' '.join(found)}"
        for name, found in places.items()
        if len(found) > 1
    )
    yield from (
        f"{prefix}: a prefix in {' '.join(sorted(found))}"
        for prefix, found in files.items()
        if len(found) > 1
    )
    yield from (
        f"{file}: the prefixes {' '.join(sorted(found))} in one file"
        for file, found in prefixes.items()
        if len(found) > 1
    )


def _uncited(requirements: tuple[Requirement, ...], by_code: set[str], by_tests: set[str]) -> Iterator[str]:
    for requirement in requirements:
        if requirement.target not in by_code:
            yield f"{requirement.identifier}: cited by no code"
        if requirement.identifier not in by_tests:
            yield f"{requirement.identifier}: cited by no test"


def _unknown(citations: tuple[Citation, ...], known: set[str]) -> Iterator[str]:
    return (
        f"{citation.place}: {citation.target!r} is no requirement"
        for citation in citations
        if citation.target not in known
    )


def _modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _place(repository: Path, path: Path) -> str:
    return path.relative_to(repository).as_posix()
