"""The session that the README shows, run as it is printed: pasted into a shell, then typed into another one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spec_tools.documents import read_blocks
from tests.doors.service import BACKEND, Service, running, scratch_folder
from tests.doors.terminal import SHELLS, Terminal, is_missing

README = (BACKEND.parent / "README.md").read_text()
TOUR = README[README.index("## A first session") : README.index("## What it does today")]
PRINTED = "http://127.0.0.1:8000"
# What neither a shell nor a program may say.
ACCIDENTS = re.compile(
    r"command not found|Traceback|\w+Error\b|parse error|syntax error|no matches found|event not found"
    r"|bad substitution|unmatched|curl: \("
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as scratch:
        yield scratch


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with running(folder) as started:
        yield started


def blocks(service: Service) -> list[str]:
    """Return the blocks of the tour as they are printed, but for the port."""
    printed = read_blocks(TOUR, "sh")
    assert PRINTED in printed[0]
    return [block.replace(PRINTED, f"http://127.0.0.1:{service.port}") for block in printed]


def have(service: Service, path: str, **query: str) -> list[dict[str, Any]]:
    """Return what Ada has."""
    items: list[dict[str, Any]] = service.client.get(path, params=query, headers=service.sign_in()).json()[
        "items"
    ]
    return items


def check_what_was_shown(screens: list[str], *, again: bool) -> None:
    """Check what each numbered step promises to show; the helpers come before the first one."""
    assert ('"code": "EMAIL_TAKEN"' in screens[1]) is again
    assert '"completed": true' in screens[2]
    assert all(f'"action": "{action}"' in screens[2] for action in ("created", "completed"))
    assert '"title": "Measure the walls"' in screens[3]
    assert '"body": "The *matt* one, 10 litres."' in screens[3]
    assert screens[4].count('"title": "Buy paint for the café"') >= 3
    assert screens[5].count('"code": "STALE"') == 1
    assert (screens[5].count("201 Created"), screens[5].lower().count("idempotency-replayed: true")) == (2, 1)
    assert '"temp_ids": {' in screens[6]
    assert '"action": "reverted"' in screens[7]
    assert "\nBuy paint for the café\n" in screens[7]
    assert [screens[8].count(code) for code in ("SCOPE_MISSING", "INVALID_TOKEN")] == [1, 1]


def check_what_is_there(service: Service, *, runs: int) -> None:
    """Check what all runs together have left: each its own things, and each request that was sent twice one."""
    tasks = have(service, "/api/tasks", limit="100", include_hidden="true")
    titles = [task["title"] for task in tasks]
    shops = [task for task in tasks if task["title"] == "Buy paint for the café"]
    for title in (
        "Pay rent",
        "Buy paint for the café",
        "Measure the walls",
        "Order brushes",
        "Trip",
        "Book the train",
    ):
        assert titles.count(title) == runs, title
    assert len(tasks) == 6 * runs
    assert all(task["completed"] for task in tasks if task["title"] == "Pay rent")
    assert {task["priority"] for task in shops} == {"high"}
    assert all(len(task["tag_ids"]) == 1 and task["category_id"] for task in shops)
    assert [len(have(service, f"/api/tasks/{task['id']}/comments")) for task in shops] == [1] * runs
    assert have(service, "/api/personal-tokens") == []
    named = ("/api/categories", "/api/tags", "/api/filters")
    assert [len(have(service, path)) for path in (*named, "/api/trash")] == [runs, runs, runs, 0]


@pytest.mark.spec("SPEC-013")
@pytest.mark.parametrize("shell", SHELLS)
def test_the_session_runs_as_it_is_printed_and_again(service: Service, folder: Path, shell: str) -> None:
    if is_missing(shell):
        pytest.skip(f"{shell} is not installed")
    with Terminal(shell, folder) as terminal:
        pasted = [terminal.paste(block) for block in blocks(service)]
    check_what_was_shown(pasted, again=False)
    check_what_is_there(service, runs=1)
    with Terminal(shell, folder) as terminal:
        typed = [terminal.type(block) for block in blocks(service)]
    check_what_was_shown(typed, again=True)
    check_what_is_there(service, runs=2)
    assert ACCIDENTS.findall("".join(pasted + typed)) == []
