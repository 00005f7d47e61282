"""Where the socket of one run of the embedded server lies. It starts no server."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from app.database.embedded.account import SystemAccount, prepare_folder

_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 103  # Bytes, on macOS; Linux has room for 107.


def socket_folder(folder: Path) -> Path:
    """Return where the socket of one run goes, which is nobody else's place at any time."""
    # Spec: features/operations.md#OPS-021
    # A server that ends removes its socket by its path; after its folder was moved, another may have come to that path.
    mark = secrets.token_hex(4)
    place = folder / f"socket-{mark}"
    # A comma would make drivers take the path for a list of hosts.
    if len(os.fsencode(place / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT and "," not in str(place):
        return place
    return Path(tempfile.gettempdir()).resolve() / f"agendum-{os.geteuid()}-{mark}"


def clear_sockets(folder: Path, own: Path, *, account: SystemAccount) -> None:
    """Make an empty folder for the socket of a run, and remove those of the runs in a data folder that have ended.

    What lies in those has a meaning for nobody.
    """
    for old in {*folder.glob("socket*"), own}:
        shutil.rmtree(old, ignore_errors=True)
    prepare_folder(own, account)


def url_through(socket: Path) -> str:
    """Return the address of the server whose socket lies in a folder."""
    return f"postgresql://postgres@/postgres?host={quote(str(socket))}"
