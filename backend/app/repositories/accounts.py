"""A person's own account in PostgreSQL."""

from sqlalchemy import select

from app.database.statements import Statement
from app.domain.errors import TokenInvalid
from app.models.account import Account, AccountRow
from app.models.naming import table_of
from app.repositories.owner import OwnerScoped, mine

_ACCOUNT = table_of(Account)
_COLUMNS = [_ACCOUNT.c[name] for name in AccountRow._fields]
_PROFILE = Statement(select(*_COLUMNS).where(mine(_ACCOUNT)))


class Profile(OwnerScoped):
    """One person's own account."""

    async def get(self) -> AccountRow:
        """Return the account.

        Raises:
            TokenInvalid: It is gone, and with it what the token stands for.
        """
        record = await self._fetch_row(_PROFILE)
        if record is None:
            raise TokenInvalid("The person of this token is gone.")
        return AccountRow(*record)
