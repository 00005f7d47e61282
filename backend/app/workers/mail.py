"""Sends queued mail: at once what this process has queued, and what is due from any other. Several may do so at once.

Nothing is sent inside a transaction.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from secrets import SystemRandom

import structlog

from app.domain.changes import Origin, Source
from app.domain.errors import Unavailable
from app.models.mail import MailKey
from app.repositories.unit_of_work import surveying, tending
from app.runtime import Runtime
from app.services import mail_queue
from app.services.mail_queue import Outgoing
from app.utils.carriers import Carrier, DeliveryError

# Seconds until the first look, by chance, so that processes that start together do not look together; until the next
# one where nothing waits, so that a database that sleeps is left asleep; after a failure; and where others are sending.
_FIRST, _SELDOM, _AFTER_FAILURE, _SHORTLY = (0.5, 5.0), (3400.0, 3800.0), 30.0, 1.0
_CHANCE: Random = SystemRandom()
_log = structlog.get_logger("agendum.mail")


@asynccontextmanager
async def running(runtime: Runtime) -> AsyncIterator[None]:
    """Send mail for as long as the block lasts, if there is anything that takes it."""
    if runtime.mailing.carrier is None:
        yield
        return
    loop = asyncio.create_task(_keep_sending(runtime, runtime.mailing.carrier))
    try:
        yield
    finally:
        loop.cancel()
        await asyncio.wait([loop])


async def send_due(runtime: Runtime, carrier: Carrier) -> float:
    """Send everything that is due, and return after how many seconds to look again."""
    # Spec: features/mail.md#MAIL-009
    try:
        while True:
            moment = runtime.clock()
            async with surveying(runtime.database) as survey:
                waiting = await mail_queue.next_due(survey)
            due = [key for key in waiting if key.next_attempt_at <= moment]
            if not due:
                return _until_next(waiting[0], runtime) if waiting else _CHANCE.uniform(*_SELDOM)
            done = await asyncio.gather(*(_send(runtime, carrier, key) for key in due))
            if not any(done):
                return _SHORTLY
    except Exception as failure:  # noqa: BLE001 (whatever it is, there is a next time)
        _tell(failure)
        return _AFTER_FAILURE


async def _keep_sending(runtime: Runtime, carrier: Carrier) -> None:
    wait, woken = _CHANCE.uniform(*_FIRST), runtime.mailing.waiting
    while True:
        try:
            async with asyncio.timeout(wait):
                await woken.wait()
        except TimeoutError:
            pass  # Nobody has queued anything here, and it is time to look.
        woken.clear()
        wait = await send_due(runtime, carrier)
        runtime.metrics.end_round("mail")


async def _send(runtime: Runtime, carrier: Carrier, key: MailKey) -> bool:
    """Send one mail, if nobody else does; tell whether anything became of it."""
    origin = Origin.own(key.user_id, Source.WORKER)
    try:
        async with tending(runtime.database, origin) as work:
            taken = await mail_queue.take(
                work, runtime.identity, runtime.mailing, mail_id=key.id, now=runtime.clock()
            )
        if taken is None or taken.needless is not None:
            return taken is not None
        refused = await _carry(carrier, taken)
        async with tending(runtime.database, origin) as work:
            outcome = await mail_queue.settle(work, taken.mail, refused, chance=_CHANCE, now=runtime.clock())
    except Exception as failure:  # noqa: BLE001 (one mail keeps no other from being sent)
        _tell(failure, mail=str(key.id))
        return False
    _tell_outcome(taken, outcome, refused)
    return True


async def _carry(carrier: Carrier, taken: Outgoing) -> DeliveryError | None:
    if taken.message is None:
        return mail_queue.unwritten()
    try:
        await carrier.carry(taken.message, recipient=taken.mail.address)
    except DeliveryError as failure:
        return failure
    return None


def _until_next(key: MailKey, runtime: Runtime) -> float:
    return max(0.0, (key.next_attempt_at - runtime.clock()).total_seconds())


def _tell_outcome(taken: Outgoing, outcome: str, failure: DeliveryError | None) -> None:
    """Log what became of a mail, without the address and without what it says."""
    # Spec: features/mail.md#MAIL-008
    about = {"mail": str(taken.mail.id), "template": taken.mail.template, "attempts": taken.mail.attempts}
    if failure is None:
        _log.info("mail sent", **about)
        return
    write = _log.error if outcome == "failed" else _log.warning
    write(f"mail {outcome}", reason=failure.kind, **about)


def _tell(failure: Exception, **about: str) -> None:
    """Log what kind of failure it was; its text may hold a person's."""
    write = _log.warning if isinstance(failure, Unavailable) else _log.error
    write("mail could not be looked at", error=type(failure).__name__, **about)
