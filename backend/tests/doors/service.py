"""The service as its user starts it: a process of its own, on a port that is free, with what it prints."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2

BACKEND = Path(__file__).resolve().parents[2]
_START_LIMIT = 40.0


class Service:
    """A started `agendum serve`.

    Args:
        environment: Beside the path to Python, all that it sees.
        log: Where it writes.
    """

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        self.port = int(environment.get("AGENDUM_PORT") or free_port())
        measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
        usual = {"PATH": os.environ["PATH"], "AGENDUM_PORT": str(self.port), "AGENDUM_DRAIN_SECONDS": "0"}
        # All people of a test come from one address.
        usual["AGENDUM_LIMITS"] = "auth=off"
        seen = usual | measured | environment
        with log.open("ab") as output:
            command = [sys.executable, "-m", "app", "serve"]
            self.process = subprocess.Popen(
                command, cwd=BACKEND, env=seen, stdout=output, stderr=output, start_new_session=True
            )
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    def wait_until_ready(self) -> None:
        """Wait until it answers; fail with what it printed if it does not."""
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the service did not start:\n{self.log.read_text()}")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def workers(self) -> list[int]:
        """Return the numbers of its worker processes, in order; none where it serves in one process."""
        command = ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "args="]
        table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = [line.split(maxsplit=2) for line in table.splitlines()]
        parent = str(self.process.pid)
        return sorted(int(row[0]) for row in rows if row[1] == parent and row[2].endswith("-m app serve"))

    def sign_in(self, name: str = "ada") -> dict[str, str]:
        """Register somebody if need be, log in, and return the header that says so."""
        credentials = {"email": f"{name}@example.com", "password": "correct horse battery"}
        self.client.post("/auth/register", json=credentials | {"name": "Ada"})
        token = self.client.post("/auth/login", json=credentials).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder that the embedded database's account may pass; pytest's own are closed to it."""
    with tempfile.TemporaryDirectory(prefix="agendum-serve-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def running(folder: Path, **environment: str) -> Iterator[Service]:
    """Run the service on a data folder until the block ends."""
    service = Service({"AGENDUM_DATA_DIR": str(folder / "data")} | environment, folder / "service.log")
    try:
        service.wait_until_ready()
        yield service
    finally:
        service.client.close()
        if service.process.poll() is None:
            service.end(signal.SIGTERM)
        with suppress(ProcessLookupError):  # Workers that a failed test has left without their parent.
            os.killpg(service.process.pid, signal.SIGKILL)


def database_processes(folder: Path) -> list[str]:
    """Return the command lines of the database servers that run on a data folder."""
    table = subprocess.run(["ps", "-wweo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in table.splitlines() if str(folder / "data") in line and "postgres -D" in line]
