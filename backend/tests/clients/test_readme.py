"""The README's TypeScript passes strict type checks as it is printed, and its server gives tokens that we take."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from spec_tools.documents import read_blocks
from tests.clients.workshop import FOLDER, check_types, fresh_folder
from tests.doors.service import BACKEND, free_port, running, scratch_folder

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


@contextmanager
def serving_better_auth(folder: Path) -> Iterator[httpx2.Client]:
    """Serve the README's auth.ts until the block ends, and give a browser that speaks with it."""
    shutil.copy(FOLDER / "serve-auth.ts", folder)
    check_types(folder, outDir="built")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    seen = {"BETTER_AUTH_URL": url, "BETTER_AUTH_SECRET": "a secret for tests alone, 0123456789"}
    command = [str(shutil.which("node")), "built/serve-auth.js", str(port)]
    with subprocess.Popen(command, cwd=folder, env=seen, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert b"listening" in process.stdout.readline()
            with httpx2.Client(base_url=url, headers={"Origin": url}, timeout=10) as browser:
                yield browser
        finally:
            process.terminate()


@pytest.mark.spec("SPEC-013")
def test_its_server_gives_tokens_that_are_taken() -> None:
    folder = fresh_folder("better-auth")
    write_out(folder)
    with serving_better_auth(folder) as browser, scratch_folder() as scratch:
        person = {"email": "zoe@example.com", "password": "correct horse battery", "name": "Zo\u00eb"}
        assert browser.post("/api/auth/sign-up/email", json=person).status_code == 200
        token = browser.get("/api/auth/token").json()["token"]
        with running(scratch, BETTER_AUTH_URL=str(browser.base_url).rstrip("/")) as service:
            profile = service.client.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    assert (profile.status_code, profile.json()["email"], profile.json()["name"]) == (
        200,
        "zoe@example.com",
        "Zo\u00eb",
    )
