"""A person's own profile. Whose it is, the unit of work says."""

from app.models.account import AccountRow
from app.repositories.unit_of_work import UnitOfWork


async def read(work: UnitOfWork) -> AccountRow:
    """Return the caller's own profile."""
    # Spec: features/users.md#USER-004
    return await work.profile.get()
