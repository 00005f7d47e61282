"""The secret of a development machine: made once, and kept in the data folder. It is never printed."""

import os
import secrets
import tempfile
from pathlib import Path

from app.config import ConfigurationError
from app.database.embedded.account import make_folders

_FILE = "secret"


def kept_secret(folder: Path) -> str:
    """Return the secret that is kept in a folder; where there is none, make one that its owner alone may read.

    Raises:
        ConfigurationError: It can be neither read nor kept there.
    """
    # Spec: features/operations.md#OPS-018
    path = folder / _FILE
    try:
        return _read(path) or _keep(path)
    except OSError as error:
        raise ConfigurationError(
            f"no secret can be kept in {folder} ({error.strerror}); set BETTER_AUTH_SECRET, or choose "
            "another folder with AGENDUM_DATA_DIR"
        ) from None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _keep(path: Path) -> str:
    """Put a whole secret in its place, and return the one that is there: that of whoever came first."""
    make_folders(path.parent)
    descriptor, fresh = tempfile.mkstemp(prefix=f"{_FILE}.", dir=path.parent)  # Readable by its owner alone.
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(secrets.token_urlsafe(48).encode())
            os.fsync(file.fileno())
        _publish(Path(fresh), path)
    finally:
        Path(fresh).unlink(missing_ok=True)
    return _read(path)


def _publish(fresh: Path, path: Path) -> None:
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        if not _read(path):  # What an interrupted start left.
            fresh.replace(path)
