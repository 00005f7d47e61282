"""`agendum admin invite`: beside a service, with a mail server or without one."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import SECRET
from tests.mail.listener import Listener
from tests.mail.post import ADA, Post, text_of

BACKEND = Path(__file__).resolve().parents[2]


async def invite(address: str, database: str, folder: Path, **settings: str) -> tuple[int | None, str]:
    """Run the command, and return its exit status and what it says."""
    measured = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": database, "BETTER_AUTH_SECRET": SECRET}
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "admin", "invite", address),
        cwd=BACKEND,
        env=environment | {"AGENDUM_DATA_DIR": str(folder)} | measured | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await command.communicate()
    return command.returncode, said.decode()


@pytest.mark.spec("USER-046", "MAIL-009", "MAIL-013")
async def test_an_invitation_is_sent_and_shown(
    own_post: Post, own_database: str, listener: Listener, tmp_path: Path
) -> None:
    mailing = {
        "AGENDUM_SMTP_URL": f"smtp://127.0.0.1:{listener.port}",
        "AGENDUM_MAIL_FROM": "agendum@tasks.example",
        "AGENDUM_REGISTRATION": "invitation",
    }
    status, said = await invite("Ada@Example.com", own_database, tmp_path, **mailing)
    assert status == 0, said
    [mail] = listener.mail
    assert mail.recipient == "Ada@example.com"
    [link] = [line for line in said.splitlines() if "?token=" in line]
    assert link in text_of(mail)
    code = link.partition("?token=")[2]
    assert (await own_post.register(invitation=code, email=ADA["email"])).status_code == 201
    status, said = await invite("bob@example.com", own_database, tmp_path)
    assert (status, "Mail to bob@example.com" in said, len(listener.mail)) == (0, True, 1)


@pytest.mark.spec("USER-046", "MAIL-014")
async def test_what_cannot_be_invited_is_told(
    own_database: str, tmp_path: Path, witness: asyncpg.Connection
) -> None:
    status, said = await invite("no address", own_database, tmp_path)
    assert (status, said) == (78, "agendum: EMAIL must be an e-mail address\n")
    production = {"AGENDUM_ENV": "production", "BETTER_AUTH_SECRET": "q7Xw2mZt9Lk4Vb8Rn3Py6Hs1Jd5Gf0Ca"}
    status, said = await invite("ada@example.com", own_database, tmp_path, **production)
    assert (status, "No mail is sent" in said, "?token=" in said) == (0, True, True)
    assert await witness.fetchval("SELECT count(*) FROM agendum.mail") == 0
    assert await witness.fetchval("SELECT count(*) FROM agendum.invitation") == 1
