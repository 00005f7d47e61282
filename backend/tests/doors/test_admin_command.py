"""What `agendum admin` does to a database, while the service runs on it and while it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.console.telling import EXITS, exit_of
from app.domain.account_errors import LastAdministrator
from app.domain.errors import AgendumError, NotFound
from tests.doors.service import BACKEND, database_processes, running, scratch_folder


def admin(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a data folder."""
    seen = {"PATH": "/usr/bin:/bin", "AGENDUM_DATA_DIR": str(folder / "data")} | environment
    command = [sys.executable, "-m", "app", "admin", *arguments]
    return subprocess.run(
        command, cwd=BACKEND, env=seen, capture_output=True, text=True, check=False, timeout=100
    )


@pytest.mark.spec("ADMIN-001", "ADMIN-009", "ADMIN-010", "ADMIN-013")
def test_the_first_administrator_is_made_beside_the_running_service() -> None:
    with scratch_folder() as folder, running(folder) as service:
        headers = service.sign_in("ada")
        made = admin(folder, "grant", "ADA@example.com")
        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout.endswith("ADA@example.com is an administrator.\n")
        [act] = service.client.get("/api/audit", headers=headers).json()["items"]
        assert (act["actor"], act["source"], act["after"]) == ("console", "console", {"role": "admin"})
        last = admin(folder, "revoke", act["entity_id"])
        told = "agendum: There would be no administrator left; make somebody else one first.\n"
        assert (last.returncode, last.stderr) == (65, told)
        assert len(database_processes(folder)) == 1


@pytest.mark.spec("ADMIN-013")
def test_without_the_service_the_command_starts_the_database_and_stops_it() -> None:
    with scratch_folder() as folder:
        refused = admin(folder, "grant", "ada@example.com")
        assert refused.stderr == "agendum: Nobody has registered here with this e-mail.\n"
        assert (refused.returncode, database_processes(folder)) == (67, [])


@pytest.mark.spec("ADMIN-013")
def test_a_database_that_is_away_is_told() -> None:
    with scratch_folder() as folder:
        nowhere = admin(folder, "grant", "1", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (78, 1)
    assert "127.0.0.1" in nowhere.stderr


@pytest.mark.spec("ADMIN-013")
def test_every_kind_of_refusal_has_an_exit_status() -> None:
    assert set(EXITS) == set(AgendumError.__subclasses__())
    assert (exit_of(NotFound), exit_of(LastAdministrator)) == (67, 65)
