"""The package as it is installed: the command finds its migrations, and one place says the version."""

import os
import subprocess
import sys
import zipfile
from email import message_from_string
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


@pytest.fixture(scope="module")
def information(installed: Path) -> Path:
    """The folder of what the package says of itself."""
    return installed / f"agendum-{__version__}.dist-info"


def installed_command(installed: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command as it is installed; it prints the file of the program first."""
    seen = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)} | settings
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(
        command, cwd=installed.parent, env=seen, capture_output=True, text=True, check=False
    )


@pytest.mark.spec("OPS-020", "OPS-044")
def test_the_installed_command_migrates(installed: Path, worker_id: str) -> None:
    name = f"wheel_{worker_id}"
    run(copy_database("template0", name))
    ended = installed_command(installed, "migrate", DATABASE_URL=url_of(name), BETTER_AUTH_SECRET="unused")
    run(drop_database(name))
    assert (ended.returncode, str(installed) in ended.stdout, "up to date" in ended.stdout) == (
        0,
        True,
        True,
    ), ended.stderr


@pytest.mark.spec("OPS-044")
def test_the_installed_command_tells_its_version(installed: Path) -> None:
    ended = installed_command(installed, "--version")
    assert (ended.returncode, ended.stdout.splitlines()[1:]) == (0, [f"agendum {__version__}"]), ended.stderr


@pytest.mark.spec("OPS-044")
def test_the_package_has_its_licences_and_says_what_it_is(information: Path) -> None:
    said = message_from_string((information / "METADATA").read_text("utf-8"))
    assert (said["Name"], said["License-Expression"], said["Requires-Python"]) == (
        "agendum",
        "MIT AND Apache-2.0",
        ">=3.11",
    )
    assert str(said.get_payload()).startswith("# Agendum\n")
    licences = {
        name: (information / "licenses" / name).read_text("utf-8")
        for name in said.get_all("License-File", [])
    }
    assert licences["LICENSE"] == (BACKEND.parent / "LICENSE").read_text("utf-8")
    assert "Apache License" in licences["app/static/swagger-ui/LICENSE"]


@pytest.mark.spec("OPS-044")
def test_the_package_holds_the_program_and_its_migrations_alone(
    installed: Path, openapi: dict[str, Any]
) -> None:
    assert {path.name for path in installed.iterdir()} == {"app", f"agendum-{__version__}.dist-info"}
    assert openapi["info"]["version"] == __version__
