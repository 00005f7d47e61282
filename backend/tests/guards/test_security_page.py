"""Holds `docs/security.md` to the tests: every row once, each test that it names there and citing it, no other row."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.guards.source_module import PROJECT, Function, SourceModule, modules_below

LAST_ROW = 51
ROWS = [f"S{number}" for number in range(1, LAST_ROW + 1)]
# `S14`, `S39, S40`, `S7 to S13`.
CITATION = re.compile(r"\bS(\d{1,3})\b(?: to S(\d{1,3})\b)?")
LINE = re.compile(r"^\| (S\d+) \| [^|]+ \| ([^|]+) \| ?([^|]*) ?\|$", re.MULTILINE)
NAMED = re.compile(r"`([a-z_/]+\.py::test_\w+)`")
REASON = "Does not apply"


def rows_in(text: str) -> list[str]:
    """Return the rows that a text cites."""
    found = [(int(first), int(last or first)) for first, last in CITATION.findall(text)]
    return [f"S{number}" for first, last in found for number in range(first, last + 1)]


def texts_of(module: SourceModule, function: Function) -> Iterator[str]:
    """Give what a test says of itself: its docstring, the comments in it, and those right above it."""
    yield ast.get_docstring(function) or ""
    line = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    yield from (module.comments.get(number, "") for number in range(line, (function.end_lineno or line) + 1))
    while (line := line - 1) in module.comments:
        yield module.comments[line]


def citations_in(module: SourceModule) -> dict[str, set[str]]:
    """Return the rows that each test of a file cites, by the name that the page has for it."""
    path = module.path.removeprefix("tests/")
    return {
        f"{path}::{function.name}": {row for text in texts_of(module, function) for row in rows_in(text)}
        for function in module.functions
        if function.name.startswith("test_")
    }


@cache
def citations() -> dict[str, set[str]]:
    """Return the rows that each test cites."""
    files = [
        module for module in modules_below("tests") if module.path.rpartition("/")[2].startswith("test_")
    ]
    return {name: rows for module in files for name, rows in citations_in(module).items()}


def faults_of(page: str, cited: dict[str, set[str]]) -> list[str]:
    """Tell what is wrong with a page."""
    rows = LINE.findall(page)
    named = {row: NAMED.findall(tests) for row, _said, tests in rows}
    faults = [
        f"{row}: there {times} times" for row in ROWS if (times := [r[0] for r in rows].count(row)) != 1
    ]
    faults += [f"{row}: no such row" for row in named if row not in ROWS]
    faults += [f"{test}: no such test" for test in NAMED.findall(page) if test not in cited]
    faults += [
        f"{row}: not cited by {test}"
        for row in named
        for test in named[row]
        if row not in cited.get(test, {row})
    ]
    return faults + [
        f"{row}: neither tests nor a reason" if not named[row] else f"{row}: tests and a reason"
        for row, said, _tests in rows
        if bool(named[row]) == said.startswith(REASON)
    ]


@pytest.fixture(scope="module")
def page() -> str:
    return (PROJECT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_row_has_its_tests_or_a_reason(page: str) -> None:
    assert faults_of(page, citations()) == []


def test_every_citation_names_a_row() -> None:
    unknown = {f"{name}: {row}" for name, rows in citations().items() for row in rows - {*ROWS}}
    assert unknown == set()


def test_a_row_that_does_not_apply_is_cited_by_nothing(page: str) -> None:
    without = {row for row, said, _tests in LINE.findall(page) if said.startswith(REASON)}
    assert {f"{name}: {row}" for name, rows in citations().items() for row in rows & without} == set()


def test_citations_are_read_from_docstrings_and_comments() -> None:
    first = '# S1: a.\n@mark\ndef test_a():\n    """S7 to S9, S40."""\n    # S3\n    go("S5")\n'
    text = first + "\n# S6\n\ndef test_b(): ...\n"
    assert citations_in(SourceModule("tests/api/test_a.py", text)) == {
        "api/test_a.py::test_a": {"S1", "S3", "S7", "S8", "S9", "S40"},
        "api/test_a.py::test_b": set(),
    }


def test_what_is_wrong_with_a_page_is_told() -> None:
    line = "| {} | subject | {} | {} |"
    lines = [line.format(row, "We do.", "`api/test_a.py::test_a`") for row in ROWS[4:]]
    lines += [line.format("S1", "We do.", ""), line.format("S2", "Does not apply: why.", "")]
    lines += [line.format("S3", "Does not apply: why.", "`api/test_a.py::test_b`")]
    lines += [
        line.format("S5", "We do.", "`api/test_a.py::test_a`"),
        line.format("S52", "We do.", "`api/test_a.py::test_a`"),
    ]
    cited = {"api/test_a.py::test_a": {*ROWS, "S52"} - {"S9"}}
    assert faults_of("\n".join(lines), cited) == [
        "S4: there 0 times",
        "S5: there 2 times",
        "S52: no such row",
        "api/test_a.py::test_b: no such test",
        "S9: not cited by api/test_a.py::test_a",
        "S1: neither tests nor a reason",
        "S3: tests and a reason",
    ]
