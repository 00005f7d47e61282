"""Somebody does anything at all; what is taken out then is the same in whatever account it is brought into."""

import pytest

from tests.api.portable import SECTIONS, alike, brought, counts, exported
from tests.people import Person
from tests.walks.anything import Wanderer
from tests.walks.test_replay import begun

STEPS = 70

pytestmark = pytest.mark.broad


@pytest.mark.spec("PORT-001", "PORT-012")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_somebody_did_comes_out_as_it_went_in(ada: Person, bob: Person, seed: int) -> None:
    wanderer = Wanderer(ada, seed, await begun(ada))
    for _ in range(STEPS):
        await wanderer.step()
    document = await exported(ada)
    total = sum(len(document[section]) for section in SECTIONS)
    first, again = [(await brought(bob, document)).json() for _ in range(2)]
    assert (counts(first)["created"], counts(again)["equal"]) == (total, total)
    assert first["noted"] == []
    assert alike(await exported(bob)) == alike(document)
    assert counts((await brought(ada, await exported(bob))).json())["equal"] == total
