"""Where uses are counted within windows of time: in a bounded memory, or in Redis. It knows nobody, and no limit.

Both are storages of the library `limits`. Its own memory never refuses a key, and looks at every key with every use.
"""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from limits.aio.storage import RedisStorage, Storage
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

# How many keys a memory holds, and how many connections a process holds to Redis.
MOST_KEYS, MOST_CONNECTIONS = 100_000, 32
_PREFIX = "agendum"
# Adds to a counter that lasts from its first use on, and tells how much it has and for how many milliseconds it lasts.
_SPEND = """
if tonumber(ARGV[2]) < 0 and redis.call('exists', KEYS[1]) == 0 then
    return {0, 0}
end
local used = redis.call('incrby', KEYS[1], ARGV[2])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
    redis.call('pexpire', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
end
return {used, left}
"""


class Window(NamedTuple):
    """How much of a window is used, and for how many seconds it lasts."""

    used: int
    left: float


class MemoryWindows(Storage):
    """Counts in this process, for as many keys as it may hold: then it forgets the oldest. It is for one event loop.

    Args:
        size: The most keys that are kept.
        clock: A monotonic clock, in seconds.
    """

    STORAGE_SCHEME = None

    def __init__(self, size: int = MOST_KEYS, *, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._size = size
        self._clock = clock
        # By key the number of uses, and when they are forgotten.
        self._entries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong: nothing."""
        return ValueError

    async def spend(self, key: str, expiry: int, amount: int = 1) -> Window:
        """Add to what is used of a window, which begins with its first use; below zero it never is.

        Args:
            key: Whose window it is.
            expiry: For how many seconds it lasts.
            amount: How much is used, or given back where it is negative.
        """
        now = self._clock()
        used, until = self._entries.get(key, (0, 0.0))
        if until <= now:
            if amount < 0:
                return Window(0, 0.0)
            self._make_room(key, now=now)
            used, until = 0, now + expiry
        used = max(used + amount, 0)
        self._entries[key] = (used, until)
        return Window(used, until - now)

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to what is used, and return it."""
        return (await self.spend(key, expiry, amount)).used

    async def get(self, key: str) -> int:
        """Return what is used."""
        used, until = self._entries.get(key, (0, 0.0))
        return used if until > self._clock() else 0

    async def get_expiry(self, key: str) -> float:
        """Return the moment of this storage's clock until which the window lasts."""
        return self._entries.get(key, (0, self._clock()))[1]

    async def check(self) -> bool:
        """Tell whether it can count: it always can."""
        return True

    async def reset(self) -> int:
        """Forget everything, and tell how many keys that were."""
        count = len(self._entries)
        self._entries.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget what is used."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        """Count the keys that are held."""
        return len(self._entries)

    def _make_room(self, key: str, *, now: float) -> None:
        # Spec: features/limits.md#LIMIT-012
        self._entries.pop(key, None)
        for _oldest in range(2):
            if self._entries and next(iter(self._entries.values()))[1] <= now:
                self._entries.popitem(last=False)
        if len(self._entries) >= self._size:
            self._entries.popitem(last=False)


class RedisWindows(RedisStorage):
    """Counts in Redis, for everybody who uses that.

    Args:
        url: Its address, with a password where it needs one.

    Raises:
        ValueError: The address cannot be read.
    """

    STORAGE_SCHEME: list[str] = []  # noqa: RUF012 (the library declares it so)

    def __init__(self, url: str) -> None:
        # Once more, because the first connection may be one that Redis has closed meanwhile.
        pool = BlockingConnectionPool.from_url(
            url, max_connections=MOST_CONNECTIONS, retry=Retry(NoBackoff(), 1)
        )
        super().__init__(
            "redis://",
            implementation="redispy",
            key_prefix=_PREFIX,
            connection_pool=pool,  # type: ignore[arg-type] # The library hands its options on as they are.
        )
        self._client = Redis(connection_pool=pool)
        self._script = self._client.register_script(_SPEND)

    async def spend(self, key: str, expiry: int, amount: int = 1) -> Window:
        """Add to what is used of a window, in one round trip."""
        used, left = await self._script([f"{_PREFIX}:{key}"], [expiry * 1000, amount])
        return Window(used, left / 1000)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose(close_connection_pool=True)
