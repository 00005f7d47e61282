"""What each of many may use up within a window of time, counted in Redis or, without it, in this process.

It never fails for want of Redis, and knows neither people nor addresses.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from time import monotonic
from typing import NamedTuple, TypeAlias, TypeVar

import structlog
from limits import RateLimitItem
from redis.exceptions import RedisError

from app.utils.window_storages import MOST_CONNECTIONS, MemoryWindows, RedisWindows

Storage: TypeAlias = MemoryWindows | RedisWindows
Answer = TypeVar("Answer")

# Seconds: to wait for Redis; until it is asked again after it has failed; between two lines of the log about that.
PATIENCE, PAUSE, SILENCE = 0.25, 1.0, 60.0
# How often it is asked while it answers others in time.
_TRIES = 4
_log = structlog.get_logger("agendum.limits")


class Standing(NamedTuple):
    """How a budget stands after a use.

    Attributes:
        name: That of the budget.
        amount: How much there is in a window.
        period: For how many seconds a window lasts.
        used: How much of this window was asked for, which may be more.
        left: For how many seconds this window lasts.
    """

    name: str
    amount: int
    period: int
    used: int
    left: float

    @property
    def is_exceeded(self) -> bool:
        """Whether this use was one too many."""
        return self.used > self.amount

    @property
    def remaining(self) -> int:
        """How many uses there are before the next one is too many."""
        return max(self.amount - self.used, 0)

    @property
    def seconds_left(self) -> int:
        """After how many whole seconds the window has ended."""
        return max(ceil(self.left), 1)


class Budgets:
    """The budgets of everybody.

    Args:
        limits: How much there is of each budget; None for what is not limited.
        key: What names are veiled with before they leave the process.
        redis: Where to count together with other processes; without it this one counts by itself.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        limits: Mapping[str, RateLimitItem | None],
        *,
        key: bytes,
        redis: RedisWindows | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._limits = {str(name): item for name, item in limits.items()}
        self._key = hashlib.blake2b(key).digest()
        self._redis = redis
        self._memory = MemoryWindows(clock=clock)
        self._known = MemoryWindows(clock=clock)
        self._clock = clock
        self._outage = _Outage(clock)
        self._answered = -SILENCE
        self._turns = asyncio.Semaphore(MOST_CONNECTIONS)

    async def spend(self, name: str, who: str, amount: int = 1) -> Standing | None:
        """Take from somebody's budget, and return how that stands now; None if it is not limited."""
        # Spec: features/limits.md#LIMIT-001
        if (item := self._limits[name]) is None:
            return None
        key, period = item.key_for(name, who), item.get_expiry()
        if self._redis is None:
            window = await self._memory.spend(key, period, amount)
        else:
            window = await self._ask(lambda storage: storage.spend(key, period, amount))
        return Standing(name, item.amount, period, *window)

    async def give_back(self, name: str, who: str) -> None:
        """Return one use to somebody's budget, as far as its window lasts."""
        await self.spend(name, who, -1)

    async def remember(self, what: str, *, seconds: int) -> None:
        """Remember something for a while, as far as there is room."""
        await self._known.incr(what, seconds)
        if self._redis is not None:
            await self._ask(lambda storage: storage.incr(f"known/{what}", seconds))

    async def knows(self, what: str) -> bool:
        """Tell whether something is remembered."""
        if await self._known.get(what):
            return True
        return self._redis is not None and bool(await self._ask(lambda storage: storage.get(f"known/{what}")))

    def veil(self, *parts: str) -> str:
        """Return a name of fixed length that tells nothing of what it is made of."""
        # Spec: features/limits.md#LIMIT-014
        told = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(told, key=self._key, digest_size=16).hexdigest()

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.close()

    async def _ask(self, call: Callable[[Storage], Awaitable[Answer]]) -> Answer:
        """Ask Redis, or the memory while Redis is away."""
        # Spec: features/limits.md#LIMIT-011
        if self._redis is None:
            return await call(self._memory)
        async with self._turns:
            for _try in range(_TRIES):
                if self._outage.lasts():
                    break
                if (answer := await self._try(self._redis, call)) is not None:
                    return answer
        return await call(self._memory)

    async def _try(self, redis: RedisWindows, call: Callable[[Storage], Awaitable[Answer]]) -> Answer | None:
        """Ask Redis once; it has not answered if there is None."""
        began = self._clock()
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await call(redis)
        except (RedisError, OSError) as error:
            # Where it has answered others meanwhile, it is this process that is slow.
            if not isinstance(error, TimeoutError) or self._answered < began:
                self._outage.begin(error)
            return None
        self._answered = self._clock()
        self._outage.end()
        return answer


class _Outage:
    """Whether Redis is away; one use at a time tries it again.

    Args:
        clock: A monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_try: float | None = None
        self._last_line = -SILENCE

    def lasts(self) -> bool:
        """Tell whether Redis is not to be asked; whoever is told otherwise tries it for everybody."""
        if self._next_try is None:
            return False
        now = self._clock()
        if now < self._next_try:
            return True
        self._next_try = now + PAUSE
        return False

    def begin(self, error: Exception) -> None:
        """Note a failure. Its text is not logged: it may hold an address."""
        now = self._clock()
        self._next_try = now + PAUSE
        if now - self._last_line >= SILENCE:
            self._last_line = now
            _log.warning("redis is away; limits are counted in this process", error=type(error).__name__)

    def end(self) -> None:
        """Note that Redis has answered."""
        if self._next_try is not None:
            self._next_try = None
            _log.info("redis is back; limits are shared again")
