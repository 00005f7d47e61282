"""The TypeScript that the README shows passes strict type checks as it is printed."""

import re
from pathlib import Path

import pytest

from spec_tools.documents import read_blocks
from tests.clients.workshop import check_types, fresh_folder
from tests.doors.service import BACKEND

pytestmark = pytest.mark.clients
README = (BACKEND.parent / "README.md").read_text()
# Each block says first which file it is.
FILE = re.compile(r"// ([a-z-]+\.ts)\b")


def write_out(folder: Path) -> list[str]:
    """Write each block of the README into its file, and return their names."""
    names = []
    for block in read_blocks(README, "ts"):
        match = FILE.match(block)
        assert match is not None, block
        (folder / match[1]).write_text(block)
        names.append(match[1])
    return names


@pytest.mark.spec("SPEC-013")
def test_the_typescript_passes_strict_type_checks() -> None:
    folder = fresh_folder("readme")
    assert write_out(folder) == ["auth.ts", "auth-client.ts", "tasks.ts"]
    check_types(folder)


@pytest.mark.parametrize(
    ("name", "printed", "missing"),
    [
        ("auth.ts", 'import { jwt } from "better-auth/plugins"\n', ""),
        ("auth-client.ts", "{ plugins: [jwtClient()] }", "{}"),
    ],
)
def test_what_is_left_out_is_seen(name: str, printed: str, missing: str) -> None:
    folder = fresh_folder(f"readme-without-{name.removesuffix('.ts')}")
    write_out(folder)
    source = (folder / name).read_text()
    assert printed in source
    (folder / name).write_text(source.replace(printed, missing))
    with pytest.raises(AssertionError, match=r"error TS2304|error TS2339"):
        check_types(folder)
