"""The package as it is installed: the command finds its migrations, and one place says the version."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app import __version__
from tests.doors.service import BACKEND
from tests.server import copy_database, drop_database, run, url_of

PROGRAM = "import app.__main__ as program; print(program.__file__); program.run()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is unpacked in, as an installation would do."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=BACKEND, capture_output=True, check=True)
    with zipfile.ZipFile(folder / f"agendum-{__version__}-py3-none-any.whl") as wheel:
        wheel.extractall(folder / "installed")
    return folder / "installed"


@pytest.mark.spec("OPS-020")
def test_the_installed_command_migrates(installed: Path, worker_id: str) -> None:
    name = f"wheel_{worker_id}"
    run(copy_database("template0", name))
    seen = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "DATABASE_URL": url_of(name), "BETTER_AUTH_SECRET": "unused"}
    command = [sys.executable, "-c", PROGRAM, "migrate"]
    ended = subprocess.run(command, cwd=installed.parent, env=seen, capture_output=True, text=True, check=False)
    run(drop_database(name))
    assert (ended.returncode, str(installed) in ended.stdout, "up to date" in ended.stdout) == (0, True, True), ended.stderr


def test_the_package_holds_the_program_and_its_migrations_alone(installed: Path, openapi: dict[str, Any]) -> None:
    assert {path.name for path in installed.iterdir()} == {"app", f"agendum-{__version__}.dist-info"}
    assert openapi["info"]["version"] == __version__
