"""How long somebody may take who sends or takes bytes. It knows neither who that is nor what the bytes say."""


class Allowance:
    """Seconds in hand, which run out unless bytes give them back.

    There are never more than at the beginning, so that whoever stops is out of time that many seconds later, and
    whoever is slower than the rate is a little after that.

    Args:
        now: The moment of a monotonic clock.
        seconds: How many are in hand at first, and at most.
        rate: How many bytes give one back.
    """

    __slots__ = ("_rate", "_seconds", "ends")

    def __init__(self, now: float, *, seconds: float, rate: float) -> None:
        self._seconds = seconds
        self._rate = rate
        self.ends = now + seconds

    def earn(self, size: int, *, now: float) -> None:
        """Give back what so many bytes are worth."""
        self.ends = min(self.ends + size / self._rate, now + self._seconds)
