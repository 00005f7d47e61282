"""The way out of the embedded database: the commands in docs/operations.md, run as they are printed."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.database.embedded.programs import installed_packages
from app.database.embedded.server import EmbeddedPostgres
from tests.doors.embedded_runs import ask
from tests.doors.service import BACKEND, Service, running

GUIDE = BACKEND.parent / "docs/operations.md"
# What stands for a fresh clone with its own environment in the guide.
HERE = {
    "backend/.venv/lib/python3*/site-packages": str(installed_packages()),
    "(cd backend && ": f"(cd {BACKEND} && ",
    ".venv/bin/python": sys.executable,
}
QUESTIONS = ("/api/tasks", "/api/tasks?q=cafe", "/api/categories", "/api/changes?after=0", "/api/me")


def commands() -> list[str]:
    """Return the shell blocks of the guide's section, told where this installation is."""
    section = GUIDE.read_text().partition("### Taking the data out\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    for printed, meant in HERE.items():
        assert any(printed in block for block in blocks), printed
        blocks = [block.replace(printed, meant) for block in blocks]
    return blocks


def shell(place: Path, script: str, **environment: str) -> str:
    """Run commands until the first that fails, and return what they print."""
    seen = {"PATH": "/usr/bin:/bin", "HOME": str(place), **environment}
    command = ["bash", "-euc", script]
    ended = subprocess.run(command, cwd=place, env=seen, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def fill(service: Service) -> dict[str, str]:
    """Make a category, a task in it and a subtask of that, and return the header of their owner."""
    me = service.sign_in()
    category = service.client.post("/api/categories", json={"name": "Home"}, headers=me).json()["id"]
    task = {"title": "Buy paint for the café", "category_id": category}
    parent = service.client.post("/api/tasks", json=task, headers=me).json()["id"]
    subtask = {"title": "Measure", "parent_id": parent}
    assert service.client.post("/api/tasks", json=subtask, headers=me).status_code == 201
    return me


def answers(service: Service, me: dict[str, str]) -> list[Any]:
    """Return what the service answers to questions about everything."""
    return [service.client.get(question, headers=me).raise_for_status().json() for question in QUESTIONS]


@pytest.mark.spec("OPS-015")
def test_what_is_taken_out_as_the_guide_says_is_all_there_in_another_postgresql(place: Path) -> None:
    with running(place) as service, EmbeddedPostgres(place / "other", {"fsync": "off"}) as other:
        me = fill(service)
        ask(other.url, "create role keeper login createrole")
        ask(other.url, "create database tasks owner keeper")
        target = other.url.replace("postgres@", "keeper@").replace("/postgres?", "/tasks?")
        script = "".join(commands()).replace("postgresql://user:password@host/database", target)
        assert "count" in shell(place, script, AGENDUM_DATA_DIR=str(place / "data"))
        secret = (place / "data/secret").read_text()
        with running(place, DATABASE_URL=target, BETTER_AUTH_SECRET=secret) as elsewhere:
            assert answers(elsewhere, me) == answers(service, me)
        forced = "select bool_and(relforcerowsecurity) from pg_class where relrowsecurity"
        assert ask(target, forced) is True
