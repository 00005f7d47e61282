"""What `agendum demo` does to the account of a running service, as the person who calls it sees it."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app.console.samples import CATEGORIES, FILTERS, TAGS, TASKS
from tests.doors.service import BACKEND, Service, free_port, running, scratch_folder

ME = ("--email", "ada@example.com", "--password", "correct horse battery")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with scratch_folder() as folder, running(folder) as started:
        yield started


def demo(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command against a port of the loopback."""
    command = [sys.executable, "-m", "app", "demo", "--server", f"http://127.0.0.1:{port}", *options]
    return subprocess.run(
        command,
        cwd=BACKEND,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def listed(service: Service, path: str) -> list[dict[str, Any]]:
    """Return what a list of the person holds."""
    items: list[dict[str, Any]] = service.client.get(
        path, headers=service.sign_in(), params={"limit": 100}
    ).json()["items"]
    return items


@pytest.mark.spec("OPS-070")
def test_an_account_is_filled_and_never_twice(service: Service) -> None:
    first = demo(service.port, *ME)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"Registered ada@example.com.\n{len(TASKS)} tasks added, 0 were there already.\n"
    tasks = listed(service, "/api/tasks")
    assert {task["title"] for task in tasks} == {sample.title for sample in TASKS}
    assert sum(task["parent_id"] is not None for task in tasks) == sum(
        sample.below is not None for sample in TASKS
    )
    assert len(listed(service, "/api/categories")) == len(CATEGORIES)
    assert len(listed(service, "/api/tags")) == len(TAGS)
    assert len(listed(service, "/api/filters")) == len(FILTERS)
    service.client.delete(f"/api/tasks/{tasks[0]['id']}", headers=service.sign_in())
    again = demo(service.port, *ME)
    assert (
        again.stdout
        == f"ada@example.com is registered already.\n0 tasks added, {len(TASKS)} were there already.\n"
    )
    assert len(listed(service, "/api/tasks")) == len(TASKS) - 1


@pytest.mark.spec("OPS-070")
def test_what_is_refused_is_told_in_one_sentence(service: Service) -> None:
    assert (
        demo(service.port, "--email", "bob@example.com", "--password", "correct horse battery").returncode
        == 0
    )
    wrong = demo(service.port, "--email", "bob@example.com", "--password", "another password")
    zone = demo(
        service.port,
        "--email",
        "zoe@example.com",
        "--password",
        "another password",
        "--timezone",
        "Mars/Base",
    )
    away = demo(free_port(), *ME)
    assert [ended.returncode for ended in (wrong, zone, away)] == [69] * 3
    assert wrong.stderr.endswith("refuses: The e-mail or the password is wrong.\n")
    assert zone.stderr.endswith("refuses: due.timezone: must be the name of an IANA time zone\n")
    assert "does not answer" in away.stderr
    assert all(
        ended.stderr.startswith("agendum: ") and ended.stderr.count("\n") == 1
        for ended in (wrong, zone, away)
    )
