"""Where the tools of Node and Python lie, and how they are run; it knows no document."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.doors.service import BACKEND

FOLDER = BACKEND.parent / "clients"
NODE = FOLDER / "node_modules" / ".bin"
PYTHON = FOLDER / ".venv" / "bin"
GENERATED = FOLDER / "generated"
# No tool reports home, and none may ask the network for anything.
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1", "CI": "true"}


def fresh_folder(name: str) -> Path:
    """Return an empty folder below the packages of Node, so that what is generated in it finds them."""
    folder = GENERATED / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def run(*command: str | Path, within: Path) -> str:
    """Run a tool in a folder, and return what it prints; fail with that if the tool fails."""
    path = os.pathsep.join((str(NODE), str(PYTHON), os.environ["PATH"]))
    seen = {"PATH": path, "HOME": str(within)} | _QUIET
    ended = subprocess.run(
        command, cwd=within, env=seen, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 0, f"{command[0]}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def check_types(folder: Path, **options: Any) -> None:
    """Let TypeScript check all files of a folder, strictly; with an `outDir` it writes JavaScript there as well."""
    settings = {
        "extends": str(FOLDER / "tsconfig.json"),
        "compilerOptions": {"noEmit": not options} | options,
        "include": ["**/*.ts"],
    }
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    run(NODE / "tsc", "--project", "tsconfig.json", within=folder)
