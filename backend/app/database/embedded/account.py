"""The account that the embedded PostgreSQL runs as, and the folders that it needs.

It changes no folder but Agendum's own: a parent that stands in the way is named and left as it is.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

if sys.platform != "win32":
    import fcntl
    import pwd

ACCOUNT_NAME = "agendum"
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# PGPORT, PGDATA and their like, set for somebody else's server, must not reach this one.
_ENVIRONMENT: Mapping[str, str] = MappingProxyType({"LC_ALL": "C", "PATH": _SYSTEM_PATH})
_FIRST_CLOSED = 'for folder do [ -x "$folder" ] || { printf %s "$folder"; exit; }; done'


class EmbeddedError(Exception):
    """The embedded database cannot be used; the message says what is wrong and what to do."""


class FolderInUseError(EmbeddedError):
    """Another run holds the data folder, with the database in it."""


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """Whom the server runs as: ourselves, or, when `borrowed`, the system account that stands in for root."""

    uid: int
    gid: int
    borrowed: bool

    def process_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a program as this account, away from our folder and environment."""
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.borrowed else {}
        return {"cwd": "/", "env": _ENVIRONMENT, "stdin": subprocess.DEVNULL, **identity}

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and return its exit status and output.

        Raises:
            EmbeddedError: It could not be run at all as this account.
        """
        try:
            return subprocess.run(  # noqa: S603 - Our own program, without a shell.
                command, capture_output=True, text=True, check=False, **self.process_options()
            )
        except OSError as problem:
            raise EmbeddedError(
                f"{command[0]} cannot be run by user {self.uid}: {problem.strerror}"
            ) from problem


def server_account() -> SystemAccount:
    """Return the account for the server: our own, or for root, whom PostgreSQL refuses, the system account, made once.

    Raises:
        EmbeddedError: The system account does not exist and cannot be made.
    """
    # Spec: features/operations.md#OPS-017
    if os.geteuid() != 0:
        return SystemAccount(os.geteuid(), os.getegid(), borrowed=False)
    account = _find_account()
    if account is None:
        problem = _create_account()
        account = _find_account()  # Asked again in any case: another run may have made it at the same moment.
        if account is None:
            raise EmbeddedError(
                f"PostgreSQL refuses to run as root, and the system account '{ACCOUNT_NAME}' for it cannot "
                f"be created: {problem}. Create that account, or run Agendum as an ordinary user."
            )
    return account


def _find_account() -> SystemAccount | None:
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        return None
    return SystemAccount(entry.pw_uid, entry.pw_gid, borrowed=True)


def _create_account() -> str:
    program = shutil.which("useradd", path=_SYSTEM_PATH)
    if program is None:
        return "this system has no useradd"
    options = ("--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")
    command = [program, *options, ACCOUNT_NAME]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()  # noqa: S603 - A fixed command, without a shell.


def prepare_folder(folder: Path, account: SystemAccount) -> None:
    """Make a folder that only the account can enter, and the parents that are missing.

    Raises:
        EmbeddedError: The account cannot pass one of its parents, or the folder belongs to somebody else.
    """
    _refuse_closed_parents(folder, account)
    make_folders(folder.parent)
    _claim(folder, account)


def make_folders(folder: Path) -> None:
    """Make a folder and the parents that are missing.

    Those that root makes can be passed by everybody, so that the borrowed account reaches its own.
    """
    # Spec: features/operations.md#OPS-017
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for part in (*reversed(folder.parents), folder):
        if not part.exists():
            part.mkdir()
            part.chmod(mode)  # Not left to the umask, which could lock the account out.


def _refuse_closed_parents(folder: Path, account: SystemAccount) -> None:
    # Spec: features/operations.md#OPS-017
    if not account.borrowed:
        return
    existing = [parent for parent in reversed(folder.parents) if parent.exists()]
    # Trying as that account is the only test that knows about access lists and mounts as well.
    if closed := account.run(["/bin/sh", "-c", _FIRST_CLOSED, "sh", *existing]).stdout:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, so it runs as the system account '{ACCOUNT_NAME}', which "
            f"cannot pass the folder {closed} on the way to {folder}. Let it pass (chmod o+x {closed}), or "
            "set another folder, such as AGENDUM_DATA_DIR=/var/lib/agendum, or run Agendum as an ordinary "
            "user."
        )


def _claim(folder: Path, account: SystemAccount) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    # Checked and changed through one handle: in between, whoever may write in the parent could put a link there.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        owner = os.fstat(handle).st_uid
        if owner not in (os.geteuid(), account.uid):
            raise EmbeddedError(
                f"The folder {folder} belongs to another account (user {owner}). Run Agendum as that "
                "account, or choose another data folder with AGENDUM_DATA_DIR."
            )
        if account.borrowed:
            os.fchown(handle, account.uid, account.gid)
        os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def take_lock(path: Path) -> int:
    """Lock a data folder for this process and return the handle that holds the lock until it is closed.

    Raises:
        FolderInUseError: Another run holds it; the message names its process.
    """
    # Spec: features/operations.md#OPS-016
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.write(handle, b"%d\n" % os.getpid())
    except BlockingIOError:
        holder = os.read(handle, 32).decode().strip() or "unknown"
        os.close(handle)
        raise FolderInUseError(
            f"The data folder {path.parent} is in use by another run of Agendum (process {holder}). Stop "
            "that one, or choose another data folder with AGENDUM_DATA_DIR."
        ) from None
    return handle
