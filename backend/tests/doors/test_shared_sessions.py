"""The service as its user starts it beside Better Auth: it says what to grant, and serves once that is done."""

import asyncpg
import pytest

from tests.conftest import SECRET
from tests.doors.service import Service, running, scratch_folder
from tests.foreign_sessions import ORIGIN, Shape, bearer, begin_session, make_tables, signed


@pytest.mark.spec("BETTER-012")
async def test_the_start_is_refused_until_what_it_prints_is_granted(
    own_database: str, witness: asyncpg.Connection
) -> None:
    environment = {
        "DATABASE_URL": own_database,
        "BETTER_AUTH_SECRET": SECRET,
        "BETTER_AUTH_URL": ORIGIN,
        "AGENDUM_BETTER_AUTH_DATABASE": "shared",
        "AGENDUM_WORKERS": "2",
    }
    await make_tables(witness, Shape(), grant=False)
    token = await begin_session(witness, Shape())
    with scratch_folder() as folder:
        refused = Service(environment, folder / "refused.log")
        assert refused.process.wait(timeout=60) == 78
        printed = (folder / "refused.log").read_text()
        assert "Traceback" not in printed
        for line in printed.splitlines():
            if "grant it: " in line:
                await witness.execute(line.partition("grant it: ")[2])
        with running(folder, **environment) as service:
            profile = service.client.get("/api/me", headers=bearer(signed(token, SECRET)))
    assert (profile.status_code, profile.json()["email"]) == (200, "zoe@example.com")
