"""Holds code and tests to the requirements: each is cited by both, and nothing cites what does not exist."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spec_tools.documents import REPOSITORY, SPECIFICATIONS, SpecificationError
from spec_tools.requirements import (
    Citation,
    Requirement,
    compare,
    read_code,
    read_comments,
    read_feature_folder,
    read_markers,
    read_plain_comments,
    read_requirements,
    read_tests,
)

FEATURE = """
# Tasks

| field | rule |
|---|---|
| **title** | short |

- **TASK-001** A title has
  `500` characters.
- An item without a number, with a **bold** word.
-
- **TASK-002** A task ends.
"""

FIRST = Requirement("TASK-001", "features/tasks.md", "A title")
SECOND = Requirement("TASK-002", "features/tasks.md", "A task ends.")
OTHER = Requirement("FIND-001", "features/finding.md", "A list")
CODE = [Citation(requirement.target, "app/a.py:1") for requirement in (FIRST, SECOND)]
TESTS = [Citation(requirement.identifier, "tests/a.py:1") for requirement in (FIRST, SECOND)]


@pytest.mark.spec("SPEC-003")
def test_every_requirement_is_cited_and_every_citation_names_a_requirement() -> None:
    assert (
        compare(
            read_feature_folder(SPECIFICATIONS),
            comments=read_code(REPOSITORY),
            markers=read_tests(REPOSITORY),
        )
        == []
    )


def test_requirements_are_the_items_that_begin_with_an_identifier() -> None:
    assert read_requirements(FEATURE, "features/tasks.md") == (
        Requirement("TASK-001", "features/tasks.md", "A title has\n`500` characters."),
        SECOND,
    )


@pytest.mark.parametrize("label", ["TASK-13", "task-001", "Note"])
def test_an_item_with_a_malformed_identifier_is_refused(label: str) -> None:
    with pytest.raises(SpecificationError, match=f"{label}' is no identifier"):
        read_requirements(FEATURE.replace("TASK-002", label), "features/tasks.md")


def test_requirements_that_are_cited_have_no_differences() -> None:
    assert compare([FIRST, SECOND], comments=CODE, markers=TESTS) == []


def test_a_requirement_without_code_is_told() -> None:
    assert compare([FIRST, SECOND], comments=CODE[:1], markers=TESTS) == ["TASK-002: cited by no code"]


def test_a_requirement_without_a_test_is_told() -> None:
    assert compare([FIRST, SECOND], comments=CODE, markers=TESTS[1:]) == ["TASK-001: cited by no test"]


@pytest.mark.parametrize(
    "target", ["features/tasks.md#TASK-099", "features/finding.md#TASK-001", "TASK-001", ""]
)
def test_a_comment_that_cites_no_requirement_is_told(target: str) -> None:
    comments = [*CODE, Citation(target, "app/b.py:7")]
    assert compare([FIRST, SECOND], comments=comments, markers=TESTS) == [
        f"app/b.py:7: {target!r} is no requirement"
    ]


def test_a_marker_that_cites_no_requirement_is_told() -> None:
    markers = [*TESTS, Citation("TASK-099", "tests/b.py:7")]
    assert compare([FIRST, SECOND], comments=CODE, markers=markers) == [
        "tests/b.py:7: 'TASK-099' is no requirement"
    ]


def test_an_identifier_that_is_given_twice_is_told() -> None:
    differences = compare([FIRST, SECOND, SECOND], comments=CODE, markers=TESTS)
    assert differences == ["TASK-002: given 2 times, in features/tasks.md features/tasks.md"]


def test_a_prefix_in_two_files_and_two_prefixes_in_one_file_are_told() -> None:
    requirements = [FIRST, Requirement("TASK-003", OTHER.file, ""), OTHER]
    differences = compare(requirements, comments=[], markers=[])
    assert differences[:2] == [
        "TASK: a prefix in features/finding.md features/tasks.md",
        "features/finding.md: the prefixes FIND TASK in one file",
    ]


def test_comments_are_read_and_strings_are_not() -> None:
    source = (
        "# Spec: features/a.md#A-001, features/a.md#A-002\n"
        "def act():\n"
        '    """# Spec: features/a.md#A-003"""  # Spec: features/a.md#A-004\n'
    )
    assert read_comments(source, "app/a.py") == (
        Citation("features/a.md#A-001", "app/a.py:1"),
        Citation("features/a.md#A-002", "app/a.py:1"),
        Citation("features/a.md#A-004", "app/a.py:3"),
    )


def test_a_comment_that_names_nothing_is_a_citation_of_nothing() -> None:
    assert read_comments("# Spec:\n# About Spec: features\n", "a.py") == (Citation("", "a.py:1"),)


def test_lines_of_other_files_are_read_when_they_are_comments() -> None:
    source = "check: lint\n  # Spec: features/a.md#A-001\n\techo '# Spec: features/a.md#A-002'\n"
    assert read_plain_comments(source, "Makefile") == (Citation("features/a.md#A-001", "Makefile:2"),)


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        ("@pytest.mark.spec('A-001', 'A-002')\ndef test_it(): ...", ["A-001", "A-002"]),
        ("@pytest.mark.spec('A-001')\nasync def test_it(): ...", ["A-001"]),
        ("@pytest.mark.spec('A-001')\nclass TestIt: ...", ["A-001"]),
        (
            "@pytest.mark.parametrize('a', [pytest.param(1, marks=pytest.mark.spec('A-001'))])\ndef test_it(a): ...",
            ["A-001"],
        ),
        ("@pytest.mark.spec(NAME)\ndef test_it(): ...", ["NAME"]),
        ("@pytest.mark.spec('A-001')\ndef helper(): ...", []),
        ("# pytest.mark.spec('A-001')\ndef test_it(): 'pytest.mark.spec(1)'", []),
    ],
)
def test_markers_are_read_from_the_decorators_of_tests(source: str, targets: list[str]) -> None:
    assert [citation.target for citation in read_markers(source, "tests/a.py")] == targets


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], None]:
    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    return write


def test_code_is_the_application_and_the_build_and_for_itself_the_tools(
    write: Callable[[str, str], None], tmp_path: Path
) -> None:
    for number, name in enumerate(
        ("backend/app/a.py", "Makefile", "backend/pyproject.toml", "backend/tests/c.py")
    ):
        write(name, f"# Spec: features/a.md#A-00{number}\n")
    write(
        "backend/spec_tools/d.py", "# Spec: features/a.md#A-009\n# Spec: features/spec-driven.md#SPEC-001\n"
    )
    assert [citation.target.partition("#")[2] for citation in read_code(tmp_path)] == [
        "A-000",
        "SPEC-001",
        "A-001",
        "A-002",
    ]


def test_tests_are_found_in_every_folder(write: Callable[[str, str], None], tmp_path: Path) -> None:
    write("backend/tests/api/test_a.py", "@pytest.mark.spec('A-001')\ndef test_it(): ...\n")
    assert read_tests(tmp_path) == (Citation("A-001", "backend/tests/api/test_a.py:1"),)
