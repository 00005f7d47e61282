"""The body of a request: how much of it is gathered, for whom and when, and what it says. It knows no resource."""

import asyncio
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.domain.errors import Busy, invalid_field
from app.utils.allowances import Allowance
from app.utils.strict_json import MalformedJSONError, RepeatedNameError, parse
from app.utils.turns import Turns

LARGEST_BODY = 1024 * 1024
# What somebody may send who is not known; and of anybody's body, what is gathered without waiting for a turn.
SMALL_BODY = 16 * 1024
# Seconds: what a sender has in hand, and for a large body to wait for its turn.
PATIENCE, TURN_LIMIT = 10.0, 4.0
# How many bytes give a second back to their sender.
_RATE = 64 * 1024
# How many large bodies one process has in hand at once: of everybody, and of one person.
AT_ONCE, OF_ONE_PERSON = 8, 2
# How many whole accounts are on their way in or out at once: of everybody, and of one person.
DOCUMENTS_AT_ONCE, DOCUMENTS_OF_ONE_PERSON = 4, 1
_BUSY = "Too many large bodies are under way; please try again shortly."


class BodyRefused(Exception):
    """A body is refused before anything is done, with a status that nobody has more to say about."""

    status: ClassVar[int]


class MalformedBody(BodyRefused):
    """The body is no JSON."""

    status = 400


class BodyTimeout(BodyRefused):
    """The body did not arrive in time."""

    status = 408


class BodyTooLarge(BodyRefused):
    """The body is larger than the operation takes."""

    status = 413


class UnsupportedBody(BodyRefused):
    """The body is not said to be JSON."""

    status = 415


class Bodies:
    """The large bodies that the process has in hand. Whoever waits for a turn is not read from.

    Args:
        at_once: How many of everybody.
        of_one_person: How many of one person.
    """

    def __init__(self, at_once: int = AT_ONCE, of_one_person: int = OF_ONE_PERSON) -> None:
        self._everybody = asyncio.Semaphore(at_once)
        self._people = Turns(of_one_person)

    @cached_property
    def documents(self) -> "Bodies":
        """The documents of whole accounts that the process has in hand."""
        return Bodies(DOCUMENTS_AT_ONCE, DOCUMENTS_OF_ONE_PERSON)

    async def enter(self, user_id: str) -> Callable[[], None]:
        """Wait for a turn, and return what ends it.

        Raises:
            Busy: It did not come in time.
        """
        # Spec: features/operations.md#OPS-031
        line = self._people.line(user_id)
        try:
            async with asyncio.timeout(TURN_LIMIT):
                await self._enter(line)
        except TimeoutError as error:
            raise Busy(_BUSY) from error
        return partial(self._leave, line)

    async def enter_at_once(self, user_id: str) -> Callable[[], None]:
        """Take a turn without waiting, for a body of which much is in hand already, and return what ends it.

        Raises:
            Busy: None is free.
        """
        # Spec: features/operations.md#OPS-031
        line = self._people.line(user_id)
        if line.locked() or self._everybody.locked():
            raise Busy(_BUSY)
        await self._enter(line)
        return partial(self._leave, line)

    async def _enter(self, line: asyncio.Semaphore) -> None:
        await line.acquire()
        try:
            await self._everybody.acquire()
        except BaseException:
            line.release()
            raise

    def _leave(self, line: asyncio.Semaphore) -> None:
        line.release()
        self._everybody.release()


class JsonRequest(Request):
    """A request whose body is JSON, gathered once and parsed strictly.

    Attributes:
        user_id: Who is calling, once that is known.
    """

    user_id: str | None = None
    _leave: Callable[[], None] | None = None

    async def gather(self, largest: int, bodies: Bodies) -> None:
        """Gather and parse the body, which `body()` and `json()` then give.

        The body of a known caller may have to wait for its turn.

        Args:
            largest: How many bytes are taken; none at all for an operation that takes no body.
            bodies: Where a large body waits for its turn. It keeps that until `release`.

        Raises:
            BodyRefused: It is too large, does not arrive in time, is of another type, or is no JSON.
            Busy: There was no turn in time.
            Invalid: An object in it has a name twice.
            ClientDisconnect: It breaks off.
        """
        # Spec: features/operations.md#OPS-002
        length = announced(self.headers.get("Content-Length", ""))
        if length > largest:
            raise BodyTooLarge
        if length > SMALL_BODY and self.user_id is not None:
            self._leave = await bodies.enter(self.user_id)
        try:
            async with asyncio.timeout(PATIENCE) as patience:
                self._body = await self._read(largest, bodies, patience)
        except TimeoutError as error:
            raise BodyTimeout from error
        if self._body:
            self._json = _parsed(self._body)

    def release(self) -> None:
        """End the turn, if the body needed one."""
        if self._leave is not None:
            self._leave()

    async def _read(self, largest: int, bodies: Bodies, patience: asyncio.Timeout) -> bytes:
        """Read up to the limit; what the client announced is not believed."""
        body, now = bytearray(), asyncio.get_running_loop().time
        allowance = Allowance(now(), seconds=PATIENCE, rate=_RATE)
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > largest:
                raise BodyTooLarge
            if body and not is_json(self.headers.get("Content-Type", "")):
                # Spec: features/operations.md#OPS-003
                raise UnsupportedBody
            if not message.get("more_body", False):
                return bytes(body)
            # Spec: features/operations.md#OPS-112
            allowance.earn(len(message.get("body", b"")), now=now())
            patience.reschedule(allowance.ends)
            if len(body) > SMALL_BODY and self._leave is None and self.user_id is not None:
                self._leave = await bodies.enter_at_once(self.user_id)


def announced(length: str) -> int:
    """Return how long a body says that it is, or 0."""
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def is_json(content_type: str) -> bool:
    """Tell whether a content type is one of JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _parsed(body: bytes) -> Any:
    # Spec: features/operations.md#OPS-003 features/operations.md#OPS-033
    try:
        return parse(body)
    except MalformedJSONError as error:
        raise MalformedBody from error
    except RepeatedNameError as error:
        raise invalid_field("body", "must not have the same name twice in one object") from error
