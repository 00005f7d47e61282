"""How many mails an address may get because anybody asked for them. It sends none."""

from app.config import Limit
from app.domain.emails import folded_email
from app.utils.budgets import Budgets


async def may_get_mail(budgets: Budgets, *, email: str) -> bool:
    """Take a mail from the budget of an e-mail address, and tell whether it may be sent.

    Whoever asked is answered the same in both cases. It belongs outside of every unit of work.
    """
    # Spec: features/limits.md#LIMIT-035
    standing = await budgets.spend(Limit.MAILS, budgets.veil("mail", folded_email(email)))
    return standing is None or not standing.is_exceeded
