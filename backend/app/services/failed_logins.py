"""How often logging in may fail. It never learns whether somebody has registered with an e-mail."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from app.config import Limit
from app.domain.account_errors import WrongCredentials
from app.domain.emails import folded_email
from app.domain.errors import TooMany
from app.utils.addresses import counted_address
from app.utils.budgets import Budgets

# For how long an address from which somebody has logged in is known to be that person's.
FAMILIAR = timedelta(days=30)
_TOO_MANY = "Too many failed attempts to log in; please wait as long as Retry-After says."


class Attempt(NamedTuple):
    """From which address of the network somebody tries a password, and where that is counted."""

    budgets: Budgets
    address: str


@asynccontextmanager
async def counted(attempt: Attempt, *, email: str) -> AsyncIterator[None]:
    """Have an attempt to log in count if it ends with WrongCredentials, and be refused if too many have.

    It counts from its beginning, so that attempts at the same time are no way around, and is given back if it ends
    otherwise. It belongs around all that looks at the password, and outside of every unit of work.

    Args:
        attempt: From where it is made.
        email: Whose account it is said to be.

    Raises:
        TooMany: As many have failed as may, for this account or from this address.
    """
    # Spec: features/limits.md#LIMIT-030 features/limits.md#LIMIT-031
    budgets = attempt.budgets
    account, place = folded_email(email), counted_address(attempt.address)
    together = budgets.veil("both", account, place)
    apart = (budgets.veil("address", place), budgets.veil("account", account))
    taken = (together,) if await budgets.knows(together) else apart
    await _take(budgets, taken)
    try:
        yield
    except WrongCredentials:
        raise
    except Exception:
        await _give_back(budgets, taken)
        raise
    await _give_back(budgets, taken)
    # Spec: features/limits.md#LIMIT-032
    await budgets.remember(together, seconds=int(FAMILIAR.total_seconds()))


async def _take(budgets: Budgets, names: Sequence[str]) -> None:
    for number, name in enumerate(names, start=1):
        standing = await budgets.spend(Limit.FAILED_LOGINS, name)
        if standing is not None and standing.is_exceeded:
            # Spec: features/limits.md#LIMIT-033
            # What is refused is not carried out, and is no failed attempt of anybody.
            await _give_back(budgets, names[:number])
            raise TooMany(_TOO_MANY, limit=Limit.FAILED_LOGINS, retry_after=standing.seconds_left)


async def _give_back(budgets: Budgets, names: Sequence[str]) -> None:
    for name in names:
        await budgets.give_back(Limit.FAILED_LOGINS, name)
