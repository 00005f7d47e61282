"""What four generators make of the OpenAPI document compiles, and a program on top of it does what it says."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.workshop import FOLDER, NODE, PYTHON, check_types, fresh_folder, run
from tests.doors.service import Service, running, scratch_folder

pytestmark = pytest.mark.clients
# What each is told beside the document.
COMMANDS: dict[str, tuple[str | Path, ...]] = {
    "openapi-typescript": (NODE / "openapi-typescript", "{document}", "--output", "schema.d.ts"),
    "hey-api": (
        NODE / "openapi-ts",
        "--input",
        "{document}",
        "--output",
        "client",
        "--client",
        "@hey-api/client-fetch",
    ),
    "orval": (NODE / "orval", "--input", "{document}", "--output", "client.ts", "--client", "fetch"),
}


def generate(name: str, document: Path, folder: Path) -> None:
    """Let a generator make its client in a folder."""
    run(*(str(part).format(document=document) for part in COMMANDS[name]), within=folder)


@pytest.fixture
def service() -> Iterator[Service]:
    with scratch_folder() as folder, running(folder) as started:
        yield started


@pytest.mark.spec("SPEC-012")
@pytest.mark.parametrize("name", COMMANDS)
def test_a_client_in_typescript_passes_strict_type_checks(name: str, document: Path) -> None:
    folder = fresh_folder(name)
    generate(name, document, folder)
    assert [*folder.rglob("*.ts")]
    check_types(folder)


@pytest.mark.spec("SPEC-012")
def test_a_client_in_python_passes_strict_type_checks(document: Path) -> None:
    folder = fresh_folder("openapi-python-client")
    said = run(
        PYTHON / "openapi-python-client",
        "generate",
        "--path",
        document,
        "--output-path",
        "client",
        within=folder,
    )
    assert "Warning" not in said
    run(PYTHON / "python", "-m", "compileall", "-q", "client", within=folder)
    run(PYTHON / "python", "-c", "import agendum_client.api.tasks.create_task", within=folder / "client")
    run(PYTHON / "mypy", "--config-file=", "--strict", "agendum_client", within=folder / "client")


@pytest.mark.spec("SPEC-012")
def test_a_program_does_what_it_says_and_no_wrong_line_compiles(document: Path, service: Service) -> None:
    folder = fresh_folder("use")
    generate("openapi-typescript", document, folder)
    shutil.copy(FOLDER / "use.ts", folder)
    check_types(folder, outDir="built")
    token = service.sign_in()["Authorization"].removeprefix("Bearer ")
    seen = json.loads(run("node", "built/use.js", str(service.client.base_url), token, within=folder))
    steps = [seen[step] for step in ("created", "changed", "replaced", "completed")]
    assert [(task["title"], task["version"]) for task in steps] == [
        ("Pay rent", 1),
        ("Pay rent", 2),
        ("Pay less rent", 3),
        ("Pay less rent", 4),
    ]
    assert (seen["listed"], seen["completed"]["completed"], seen["code"]) == (
        [seen["completed"]],
        True,
        "STALE",
    )
    assert seen["completed"]["due"] == {"date": "2026-12-01", "time": None, "timezone": None}
