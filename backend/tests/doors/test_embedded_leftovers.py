"""What a server left behind, or somebody copied or moved: the next start minds its own cluster, and no other."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.database.embedded.server import EmbeddedError, EmbeddedPostgres
from tests.doors.embedded_runs import Run, ask, copy, is_alive, orphan, server_process, socket_of

SETTINGS = {"fsync": "off"}
NOTE = "create table note as select 'kept' as text"
KEPT = "select text from note"
LONG_WORK = "select sum(number) from generate_series(1, 8000000) number"
AT_WORK = "select count(*) from pg_stat_activity where query like '%sum(number)%' and pid <> pg_backend_pid()"


@contextmanager
def bystander(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process of the server's account that has nothing to do with it, and see that it outlives the block."""
    process = subprocess.Popen(["sleep", "100"], user=(folder / "cluster").stat().st_uid)
    try:
        yield process
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def renumber(record: Path, process_id: int) -> None:
    """Write another process number into what a server has left."""
    _, _, rest = record.read_text().partition("\n")
    record.write_text(f"{process_id}\n{rest}")


@pytest.mark.spec("OPS-021")
def test_a_copy_made_while_its_original_runs_starts_beside_it(place: Path) -> None:
    with EmbeddedPostgres(place / "data", SETTINGS) as original:
        ask(original.url, NOTE)
        ask(original.url, "checkpoint")
        copy(place / "data", place / "copy")
        process_id = server_process(place / "data")
        with EmbeddedPostgres(place / "copy", SETTINGS) as started:
            assert ask(started.url, KEPT) == "kept"
            assert (server_process(place / "data"), ask(original.url, KEPT)) == (process_id, "kept")
        assert ask(original.url, KEPT) == "kept"


@pytest.mark.spec("OPS-021")
@pytest.mark.parametrize("name", ["data", "long" * 30])
def test_a_copy_made_after_a_kill_leaves_the_originals_server_to_the_original(place: Path, name: str) -> None:
    with orphan(place / name) as (url, process_id):
        copy(place / name, place / "copy")
        with EmbeddedPostgres(place / "copy", SETTINGS) as started:
            assert ask(started.url, "select 1") == 1
            assert ask(url, "select 1") == 1
            with EmbeddedPostgres(place / name, SETTINGS) as original:
                assert not is_alive(process_id)
                assert (ask(original.url, "select 1"), ask(started.url, "select 1")) == (1, 1)


@pytest.mark.spec("OPS-021")
@pytest.mark.parametrize("names", [("data", "moved"), ("long" * 30, "moved"), ("data", "long" * 30)])
def test_a_folder_that_was_moved_after_a_kill_takes_its_server_along(
    place: Path, names: tuple[str, str]
) -> None:
    before, after = (place / name for name in names)
    with orphan(before) as (url, process_id):
        ask(url, NOTE)
        before.rename(after)
        with EmbeddedPostgres(after, SETTINGS) as server:
            assert not is_alive(process_id)
            assert ask(server.url, KEPT) == "kept"


@pytest.mark.spec("OPS-021")
@pytest.mark.parametrize("name", ["data", "long" * 30])
def test_a_server_that_ends_takes_no_socket_of_another_that_has_its_old_path(place: Path, name: str) -> None:
    with orphan(place / name) as (_, process_id):
        (place / name).rename(place / "moved")
        copy(place / "moved", place / name)
        with EmbeddedPostgres(place / name, SETTINGS) as second:
            os.kill(process_id, signal.SIGINT)
            while (place / "moved/cluster/postmaster.pid").exists():
                time.sleep(0.02)
            assert ask(second.url, "select 1") == 1


@pytest.mark.spec("OPS-016")
@pytest.mark.parametrize("name", ["data", "long" * 30])
def test_a_stale_socket_lock_with_the_number_of_another_process_does_no_harm(place: Path, name: str) -> None:
    with orphan(place / name) as (url, process_id):
        os.kill(process_id, signal.SIGKILL)
        with bystander(place / name) as other:
            renumber(socket_of(url) / ".s.PGSQL.5432.lock", other.pid)
            with EmbeddedPostgres(place / name, SETTINGS) as server:
                assert ask(server.url, "select 1") == 1
    assert not list(place.rglob(".s.*"))


@pytest.mark.spec("OPS-016")
def test_a_stale_record_with_the_number_of_another_process_does_no_harm(place: Path) -> None:
    with orphan(place) as (_, process_id):
        os.kill(process_id, signal.SIGKILL)
        with bystander(place) as other:
            renumber(place / "cluster/postmaster.pid", other.pid)
            with EmbeddedPostgres(place, SETTINGS) as server:
                assert ask(server.url, "select 1") == 1


@pytest.mark.spec("OPS-016")
def test_a_record_that_names_no_process_does_no_harm(place: Path) -> None:
    server = EmbeddedPostgres(place, SETTINGS)
    for text in (None, "", "\n", "0\n", "-1\n", "self\n", "1/../self\n"):
        if text is not None:
            (place / "cluster/postmaster.pid").write_text(text)
        with server:
            assert ask(server.url, "select 1") == 1


@pytest.mark.spec("OPS-016")
def test_of_several_starts_at_the_same_moment_one_runs(place: Path) -> None:
    with EmbeddedPostgres(place, SETTINGS):
        pass
    for _round in range(3):
        runs = [Run(place) for _ in range(3)]
        urls = [run.url() for run in runs]
        refusals = [run.kill() for run in runs]
        assert sorted(map(bool, urls)) == [False, False, True]
        assert sum("in use by another run" in refusal for refusal in refusals) == 2


@pytest.mark.spec("OPS-022")
def test_a_server_that_died_is_started_again_on_the_same_address(place: Path) -> None:
    with EmbeddedPostgres(place, SETTINGS) as server:
        url = server.url
        ask(url, NOTE)
        assert server.death() is None
        os.kill(server_process(place), signal.SIGKILL)
        while (death := server.death()) is None:
            time.sleep(0.01)
        assert death == "was ended by signal 9"
        with bystander(place) as other:
            renumber(socket_of(url) / ".s.PGSQL.5432.lock", other.pid)
            server.restart()
        assert (server.death(), server.url, ask(url, KEPT)) == (None, url, "kept")
        with pytest.raises(EmbeddedError, match="in use by another run"):
            EmbeddedPostgres(place).start()
    assert ask_refused(url)


@pytest.mark.spec("OPS-022")
@pytest.mark.parametrize("again", ["restart", "start"])
def test_what_a_dead_server_still_has_at_work_is_waited_for(place: Path, again: str) -> None:
    with EmbeddedPostgres(place, SETTINGS) as server:
        work = threading.Thread(target=ask_refused, args=(server.url, LONG_WORK))
        work.start()
        while not ask(server.url, AT_WORK):
            time.sleep(0.01)
        os.kill(server_process(place), signal.SIGKILL)
        while server.death() is None:
            time.sleep(0.01)
        getattr(server, again)()
        assert ask(server.url, "select 1") == 1
        work.join()


@pytest.mark.spec("OPS-022")
@pytest.mark.parametrize("gone", ["data", "data/cluster"])
def test_a_folder_that_went_away_under_the_server_is_not_made_anew(place: Path, gone: str) -> None:
    with EmbeddedPostgres(place / "data", SETTINGS) as server:
        os.kill(server_process(place / "data"), signal.SIGKILL)
        (place / gone).rename(place / "aside")
        while server.death() is None:
            time.sleep(0.01)
        with pytest.raises(EmbeddedError, match=f"{place}/data was moved, removed or replaced"):
            server.restart()
    assert not (place / gone).exists()


@pytest.mark.spec("OPS-022")
def test_a_folder_that_was_replaced_under_the_server_is_left_alone(place: Path) -> None:
    with EmbeddedPostgres(place / "data", SETTINGS) as server:
        os.kill(server_process(place / "data"), signal.SIGKILL)
        copy(place / "data", place / "copy")
        (place / "data").rename(place / "aside")
        (place / "copy").rename(place / "data")
        while server.death() is None:
            time.sleep(0.01)
        with pytest.raises(EmbeddedError, match="moved, removed or replaced"):
            server.restart()
    shutil.rmtree(place / "aside")


def ask_refused(url: str, query: str = "select 1") -> bool:
    """Ask where the server has gone away, and return whether that was so."""
    try:
        ask(url, query)
    except (OSError, ConnectionError):
        return True
    return False
