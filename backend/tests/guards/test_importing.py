"""Importing any part of the house has no effect: nothing is opened, started, read from the environment or built.

Must not import the modules here: they have long been imported when a test runs.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards import import_probe
from tests.guards.source_module import BACKEND, modules_below

HOSTILE = {
    "AGENDUM_DEBUG": "perhaps",
    "AGENDUM_ENVIRONMENT": "production",
    "AGENDUM_NO_SUCH_SETTING": "1",
    "BETTER_AUTH_SECRET": "x",
    "BETTER_AUTH_URL": "::",
    "CORS_ORIGINS": "*",
    "DATABASE_URL": "not an address",
    "REDIS_URL": "not an address",
}


def effects_of_importing(
    modules: list[str], *, folder: Path, root: Path = BACKEND, environment: dict[str, str] | None = None
) -> list[str]:
    """Import modules in a fresh process in an empty folder and give what the probe saw, or its error."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **(environment or {})}
    command = [sys.executable, "-B", import_probe.__file__, json.dumps([modules, list(HOSTILE)])]
    probe = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    effects: list[str] = json.loads(probe.stdout) if probe.returncode == 0 else [probe.stderr]
    return effects


def modules_of_the_app() -> list[str]:
    """Name every module below `app`, packages by their own name, other than the script that Alembic runs."""
    modules = [module for module in modules_below("app") if module.path != "app/migrations/env.py"]
    return [module.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in modules]


@pytest.mark.parametrize("environment", [{}, HOSTILE], ids=["empty", "hostile"])
def test_importing_the_house_has_no_effect(environment: dict[str, str], tmp_path: Path) -> None:
    assert effects_of_importing(modules_of_the_app(), folder=tmp_path, environment=environment) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "effect"),
    [
        ("open('notes.txt', 'w')", "open notes.txt"),
        ("import os; os.open('notes.txt', os.O_CREAT | os.O_RDWR)", "open notes.txt"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "socket.bind"),
        ("import socket; socket.socket(socket.AF_UNIX).connect_ex('nowhere')", "socket.connect"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen true"),
        ("import os; os.environ.get('DATABASE_URL')", "environment DATABASE_URL"),
        ("class Settings: pass\nsettings = Settings()", "instance seeded.Settings"),
        ("raise RuntimeError('refused')", "RuntimeError: refused"),
    ],
)
def test_the_probe_sees_an_effect(source: str, effect: str, tmp_path: Path) -> None:
    (tmp_path / "seeded.py").write_text(source)
    effects = effects_of_importing(
        ["seeded"], folder=tmp_path, root=tmp_path, environment={"DATABASE_URL": "x"}
    )
    assert any(effect in seen for seen in effects)
