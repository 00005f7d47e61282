"""The embedded PostgreSQL's cluster on disk: made once, checked, and freed from a server that was left behind.

It changes no data: what is in the cluster is the business of migrations and repositories.
"""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from app.database.embedded.account import EmbeddedError
from app.database.embedded.programs import Programs

# With a C character type, text search takes typographic quotes and dashes for letters; it works all the same.
_CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8", "C")
_INITDB = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)
# A server works in its cluster for as long as it lives, so that its working folder proves which one it serves: by
# device and inode, under whatever path either is known by now. Linux shows it below /proc; macOS tells it by lsof.
_WORKS_IN = """
place=/proc/$1/cwd
[ -e /proc/self ] || place=$(lsof -a -d cwd -p "$1" -Fn | sed -n 's/^n//p')
[ "$place" -ef "$2" ]
"""


def ensure_cluster(cluster: Path, programs: Programs, *, report: Callable[[str], None]) -> None:
    """Make the cluster when there is none, in a way that an interruption leaves nothing half made.

    Raises:
        EmbeddedError: It cannot be made, or another version of PostgreSQL made it.
    """
    for leftover in cluster.parent.glob(f"{cluster.name}.new-*"):
        # Its initdb may still be at work after a kill; what stays now goes the next time.
        shutil.rmtree(leftover, ignore_errors=True)
    if cluster.exists():
        _refuse_other_version(cluster, programs)
        return
    report(f"Creating the database in {cluster}")
    fresh = cluster.with_name(f"{cluster.name}.new-{secrets.token_hex(4)}")
    _initialise(fresh, programs)
    fresh.rename(cluster)


def _initialise(cluster: Path, programs: Programs) -> None:
    problem = ""
    for character_type in _CHARACTER_TYPES:
        answer = programs.run("initdb", "-D", str(cluster), *_INITDB, f"--lc-ctype={character_type}")
        if answer.returncode == 0:
            return
        problem = answer.stderr.strip()
    raise EmbeddedError(f"PostgreSQL cannot create its database in {cluster.parent}: {problem}")


def _refuse_other_version(cluster: Path, programs: Programs) -> None:
    record = cluster / "PG_VERSION"
    version = record.read_text().strip() if record.exists() else "of an unknown version"
    if version != str(programs.major):
        raise EmbeddedError(
            f"The database in {cluster} was made by PostgreSQL {version}, and this release of Agendum brings "
            f"PostgreSQL {programs.major}. Export the data with the release that made it, or choose another "
            "folder with AGENDUM_DATA_DIR."
        )


def stop_leftover(cluster: Path, programs: Programs, *, report: Callable[[str], None]) -> None:
    """Stop a server that runs on the cluster although its parent was killed.

    The record of a server that does not run is removed.

    The record proves nothing: it is copied with the folder, and the numbers of processes are used again.

    Raises:
        EmbeddedError: It does not stop.
    """
    # Spec: features/operations.md#OPS-021
    record = cluster / "postmaster.pid"
    if not _is_served(cluster, programs):
        # PostgreSQL would believe a stale record as soon as its number belongs to any other process of ours.
        record.unlink(missing_ok=True)
        return
    report("Stopping the database server that an interrupted run left behind")
    answer = programs.run("pg_ctl", "stop", "-D", str(cluster), "-m", "fast", "-w", "-t", "30")
    if answer.returncode != 0 and _is_served(cluster, programs):
        raise EmbeddedError(
            f"The database server of an earlier run on {cluster} does not stop: {answer.stderr.strip()} End "
            "it and try again."
        )


def find_socket(cluster: Path) -> Path | None:
    """Return the folder of the socket at which whatever serves a cluster accepts connections, or None."""
    lines = _lines(cluster / "postmaster.pid")
    return Path(lines[4]) if len(lines) > 7 and lines[7].strip() == "ready" else None


def is_ready(cluster: Path, process_id: int) -> bool:
    """Return whether the server with this process number accepts connections."""
    lines = _lines(cluster / "postmaster.pid")
    return len(lines) > 7 and lines[0] == str(process_id) and lines[7].strip() == "ready"


def _is_served(cluster: Path, programs: Programs) -> bool:
    """Return whether the process that the cluster's record names works in this very cluster."""
    process_id = "".join(_lines(cluster / "postmaster.pid")[:1])
    if not process_id.isdecimal():
        return False
    # Asked as the server's account, which may look at its own processes even where root may not, as in containers.
    return programs.account.run(["/bin/sh", "-c", _WORKS_IN, "sh", process_id, cluster]).returncode == 0


def _lines(record: Path) -> list[str]:
    try:
        return record.read_text().splitlines()
    except FileNotFoundError:
        return []
