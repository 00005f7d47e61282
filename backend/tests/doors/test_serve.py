"""What `agendum serve` promises to the person who starts it."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from app.server.secret import kept_secret
from tests.doors.service import BACKEND, database_processes, free_port, running, scratch_folder
from tests.server import url_of


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as scratch:
        yield scratch


def refused(**environment: str) -> str:
    """Start the service where it refuses, and return what it says."""
    command = [sys.executable, "-m", "app", "serve"]
    seen = {"PATH": "/usr/bin:/bin", "AGENDUM_PORT": str(free_port())} | environment
    ended = subprocess.run(
        command, cwd=BACKEND, env=seen, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 78, ended.stdout + ended.stderr
    return ended.stderr


@pytest.mark.spec("OPS-015", "OPS-016", "OPS-018", "OPS-020")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_the_service_and_its_database(folder: Path, number: signal.Signals) -> None:
    with running(folder) as service:
        assert len(database_processes(folder)) == 1
        assert service.end(number) == 0
    assert database_processes(folder) == []
    said = (folder / "service.log").read_text()
    assert all(part in said for part in ("/api", "/docs", str(folder / "data"), "Stopping the database"))


@pytest.mark.spec("OPS-051")
def test_every_address_that_the_start_prints_answers(folder: Path) -> None:
    with running(folder, DATABASE_URL=url_of("postgres")) as service:
        printed = re.findall(rf"http://127\.0\.0\.1:{service.port}(/\S*)", service.log.read_text())
        assert {path: service.client.get(path).status_code for path in printed} == {
            "/": 200,
            "/api": 200,
            "/docs": 200,
        }


@pytest.mark.spec("OPS-016")
def test_a_killed_run_loses_nothing_and_does_not_stop_the_next(folder: Path) -> None:
    with running(folder) as first:
        me = first.sign_in()
        created = first.client.post("/api/tasks", json={"title": "Pay rent"}, headers=me)
        assert created.status_code == 201
        first.end(signal.SIGKILL)
    with running(folder) as second:
        assert second.client.get(created.headers["Location"], headers=me).json() == created.json()


@pytest.mark.spec("OPS-018")
def test_the_development_secret_is_made_once_and_is_its_owners_alone(folder: Path) -> None:
    with running(folder):
        path = folder / "data" / "secret"
        first = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(first) >= 32
    with running(folder):
        assert path.read_text() == first


@pytest.mark.spec("OPS-018")
def test_a_secret_file_that_an_interrupted_start_left_empty_is_filled(folder: Path) -> None:
    path = folder / "secret"
    path.touch(mode=0o644)
    secret = kept_secret(folder)
    assert len(secret) >= 32
    assert (kept_secret(folder), path.read_text(), stat.S_IMODE(path.stat().st_mode)) == (
        secret,
        secret,
        0o600,
    )
    assert [file.name for file in folder.iterdir()] == ["secret"]


@pytest.mark.spec("OPS-018")
def test_of_several_that_start_at_once_the_first_makes_the_secret(folder: Path) -> None:
    with ThreadPoolExecutor(8) as starts:
        secrets = {*starts.map(kept_secret, [folder / "data"] * 8)}
    assert secrets == {(folder / "data" / "secret").read_text()}


@pytest.mark.spec("OPS-018")
def test_a_data_folder_that_cannot_keep_a_secret_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "data").touch()
    said = refused(DATABASE_URL=url_of("postgres"), AGENDUM_DATA_DIR=str(folder / "data"))
    assert "set BETTER_AUTH_SECRET" in said
    assert "Traceback" not in said


@pytest.mark.spec("OPS-017", "OPS-018")
def test_a_start_with_a_database_leaves_a_folder_that_the_embedded_one_can_use(folder: Path) -> None:
    before = stat.S_IMODE(folder.stat().st_mode)
    with running(folder, DATABASE_URL=url_of("postgres")):
        assert stat.S_IMODE((folder / "data").stat().st_mode) == (0o711 if os.geteuid() == 0 else 0o700)
    with running(folder) as service:
        assert service.client.get("/health/ready").status_code == 200
    assert stat.S_IMODE(folder.stat().st_mode) == before


@pytest.mark.spec("OPS-016")
def test_a_second_run_on_the_same_data_folder_is_refused(folder: Path) -> None:
    with running(folder):
        said = refused(AGENDUM_DATA_DIR=str(folder / "data"))
    assert "in use by another run" in said


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"AGENDUM_ENV": "production"}, "BETTER_AUTH_SECRET is required"),
        ({"AGENDUM_ENV": "production", "BETTER_AUTH_SECRET": "short"}, "at least 32 characters"),
        (
            {"AGENDUM_ENV": "production", "BETTER_AUTH_SECRET": "0123456789abcdef" * 3},
            "DATABASE_URL is required",
        ),
        ({"AGENDUM_TYPO": "1"}, "AGENDUM_TYPO"),
        ({"AGENDUM_PORT": "eight"}, "AGENDUM_PORT"),
        (
            {"DATABASE_URL": "mysql://root:hunter2@db/x", "BETTER_AUTH_SECRET": "x"},
            "must begin with postgresql://",
        ),
        (
            {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x", "BETTER_AUTH_SECRET": "x"},
            "cannot be used",
        ),
    ],
)
def test_a_wrong_environment_is_refused_in_one_sentence(environment: dict[str, str], reason: str) -> None:
    """S50."""
    said = refused(**environment)
    assert reason in said
    assert "Traceback" not in said
    assert "hunter2" not in said


@pytest.mark.spec("OPS-005", "OPS-020")
async def test_production_logs_one_json_object_a_line_and_no_secret_or_text(
    own_database: str, folder: Path
) -> None:
    secret = "0123456789abcdef" * 3
    with running(
        folder, AGENDUM_ENV="production", DATABASE_URL=own_database, BETTER_AUTH_SECRET=secret
    ) as service:
        me = service.sign_in()
        service.client.post("/api/tasks", json={"title": "canary-title"}, headers=me)
        service.client.post("/api/tasks", json={"title": 1, "canary-field": "canary-value"}, headers=me)
    lines = (folder / "service.log").read_text().splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    assert {entry["status"] for entry in logged if entry["event"] == "request"} >= {200, 201, 422}
    assert not any(
        word in line for line in lines for word in ("canary", "correct horse", me["Authorization"], secret)
    )


@pytest.mark.spec("OPS-020")
def test_migrate_brings_an_empty_database_up_to_date_and_stops() -> None:
    command = [sys.executable, "-m", "app", "migrate"]
    seen = {"PATH": "/usr/bin:/bin", "DATABASE_URL": url_of("postgres"), "BETTER_AUTH_SECRET": "unused"}
    for _ in range(2):
        ended = subprocess.run(
            command, cwd=BACKEND, env=seen, capture_output=True, text=True, check=False, timeout=30
        )
        assert (ended.returncode, "up to date" in ended.stdout) == (0, True), ended.stderr


@pytest.mark.spec("OPS-020")
async def test_a_release_serves_beside_a_newer_schema_and_says_so(own_database: str, folder: Path) -> None:
    connection = await asyncpg.connect(dsn=own_database)
    await connection.execute("UPDATE agendum.alembic_version SET version_num = '9999'")
    await connection.close()
    with running(folder, DATABASE_URL=own_database) as service:
        assert "to 9999; it is used as it is" in service.log.read_text()


def test_a_port_in_use_is_told_before_anything_starts(folder: Path) -> None:
    with running(folder) as service:
        said = refused(AGENDUM_DATA_DIR=str(folder / "other"), AGENDUM_PORT=str(service.port))
    assert "AGENDUM_PORT" in said
    assert not (folder / "other").exists()
