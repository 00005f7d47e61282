"""More clients than a process may have files for: others are answered, and nothing is left afterwards."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.config import ConfigurationError, Settings
from app.server.limits import make_room
from tests.doors.service import scratch_folder
from tests.doors.slow_clients import head, impatient, one_answer, read_to_end
from tests.doors.worker_processes import wait_until

FILES = 256
# A head may take longer than the test, so that only the bound helps.
LIMITS = {"head": 120.0, "silence": 0.1}


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as scratch:
        yield scratch


@pytest.mark.spec("OPS-116", "OPS-117")
def test_silent_connections_beyond_the_bound_give_way_to_whoever_comes(
    database_url: str, folder: Path
) -> None:
    with impatient(folder, database_url, files=FILES, limits=LIMITS) as server, ExitStack() as crowd:
        kept = crowd.enter_context(server.connect())
        silent = [crowd.enter_context(server.connect()) for _client in range(2 * FILES)]
        assert all(server.is_alive() for _time in range(10))
        assert server.is_ready()
        wait_until(lambda: server.logged("connections closed") != [])
        said = server.logged("connections closed")
        assert said[0]["level"] == "warning"
        assert said[0]["most"] < FILES
        assert len(said) < 20
        assert read_to_end(kept) == b""
        silent[-1].sendall(head("GET", "/health/live"))
        assert one_answer(silent[-1]).startswith(b"HTTP/1.1 200 ")
        crowd.close()
        files = Path(f"/proc/{server.process.pid}/fd")
        if files.exists():
            wait_until(lambda: len([*files.iterdir()]) < 30)
        assert server.is_ready()
        log = server.log.read_text()
        assert "Too many open files" not in log
        assert "Traceback" not in log


@pytest.mark.spec("OPS-116")
def test_whoever_is_being_answered_gives_way_to_nobody(database_url: str, folder: Path) -> None:
    with (
        impatient(
            folder, database_url, limits=LIMITS | {"request": 60.0}, AGENDUM_MAX_CONNECTIONS="16"
        ) as server,
        ExitStack() as crowd,
    ):
        busy = [crowd.enter_context(server.connect()) for _client in range(16)]
        for connection in busy:
            connection.sendall(head("GET", "/test/wait?3"))
        wait_until(lambda: not server.is_alive())
        assert all(one_answer(connection).startswith(b"HTTP/1.1 200 ") for connection in busy)
        assert server.is_alive()


@pytest.mark.spec("OPS-116")
def test_as_many_files_are_allowed_as_are_needed_and_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1024, 1_000_000]

    def change(_kind: int, new: tuple[int, int]) -> None:
        now[:] = new

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: tuple(now))
    monkeypatch.setattr(resource, "setrlimit", change)
    settings = Settings(pool_size=10)
    assert make_room(settings).connections == 4096
    assert now[0] < 6000
    now[:] = [1024, resource.RLIM_INFINITY]
    assert make_room(Settings(pool_size=10, max_connections=20_000)).connections == 20_000
    now[:] = [256, 256]
    room = make_room(settings)
    assert 100 < room.connections + room.backlog + settings.pool_size < 256
    for impossible in (Settings(max_connections=500), Settings(pool_size=200)):
        with pytest.raises(ConfigurationError, match="ulimit -n"):
            make_room(impossible)
