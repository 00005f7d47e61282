"""Where the embedded server of another run is reached, by whoever may enter its folder. It starts and stops none."""

from pathlib import Path

from app.database.embedded.account import EmbeddedError
from app.database.embedded.cluster import find_socket
from app.database.embedded.sockets import url_through


def url_of_other_run(folder: Path) -> str:
    """Return the address of the server that another run keeps on a folder.

    Raises:
        EmbeddedError: It accepts no connections at this moment.
    """
    # Spec: features/administration.md#ADMIN-013
    if (place := find_socket(folder.resolve() / "cluster")) is None:
        raise EmbeddedError(f"The database in {folder} is starting or stopping: try again in a moment.")
    return url_through(place)
