"""How the service does with a database that is 20 ms away: the time of an operation, and so its round trips.

A proxy on the loopback, in this process, keeps everything for 10 ms each way. It must not change what goes through it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import parse_qs, urlsplit

from bench import load
from bench.data import TASKS_EACH, is_completed, task_id
from bench.operations import Call, Target
from bench.servers import HOST
from bench.stage import Stage, another_service

TRIP = 0.020
# Somebody whom the other suites leave alone, so that the tasks are as they were made.
_PERSON = 1
_OPEN_TASKS = [index for index in range(TASKS_EACH) if not is_completed(index)]
_SECONDS, _WARM_UP_SECONDS = 1.5, 0.7
# How much may be on its way: more than a page of a list.
_CHUNK, _CHUNKS = 65536, 64


@dataclass(frozen=True)
class Errand:
    """An operation of one person.

    It has its requests by number, the status of their answers, and the round trips that it is to take.
    """

    name: str
    status: int
    goal: int
    call: Callable[[int], Call]
    keyed: bool = False


@dataclass(frozen=True)
class Journey:
    """What an errand took, in seconds: as a rule, and when the machine kept it waiting least."""

    errand: Errand
    seconds: float
    shortest: float

    @property
    def trips(self) -> int:
        """Tell how many round trips fit into the shortest time: what is waited for elsewhere is none."""
        return int(self.shortest // TRIP)


async def measure(stage: Stage, names: Sequence[str]) -> list[Journey]:
    """Start a service whose database is far away, and measure some operations one request after the other."""
    async with (
        _far_away(stage.settings["DATABASE_URL"]) as far_url,
        another_service(stage, "far-away", DATABASE_URL=far_url) as service,
    ):
        return [await _measure(service, errand) for errand in _ERRANDS if errand.name.split()[-1] in names]


async def _measure(service: Target, errand: Errand) -> Journey:
    numbers = count()

    def next_request() -> bytes:
        number = next(numbers)
        request = service.request(errand.call(number))
        key = f"\r\nidempotency-key: {errand.name.replace(' ', '-')}-{number}\r\n\r\n".encode()
        return request.replace(b"\r\n\r\n", key, 1) if errand.keyed else request

    for seconds in (_WARM_UP_SECONDS, _SECONDS):
        tally = await load.run(
            service.port, next_request, status=errand.status, concurrency=1, seconds=seconds
        )
    return Journey(errand, median(tally.latencies), min(tally.latencies))


@asynccontextmanager
async def _far_away(url: str) -> AsyncIterator[str]:
    """Give the address of a database behind a proxy that keeps everything for half a trip each way."""
    address = urlsplit(url)
    socket = Path(parse_qs(address.query)["host"][0]) / ".s.PGSQL.5432"

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(socket)
        await asyncio.gather(_carry(reader, to_server), _carry(from_server, writer))

    listener = await asyncio.start_server(connect, HOST, 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield f"postgresql://{address.username}@{HOST}:{port}{address.path}?sslmode=disable"


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, each piece half a trip after it came, and then the end."""
    now = asyncio.get_running_loop().time
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS)

    async def deliver() -> None:
        due, piece = await pieces.get()
        while piece:
            await asyncio.sleep(max(0.0, due - now()))
            writer.write(piece)
            due, piece = await pieces.get()
        writer.close()

    delivering = asyncio.create_task(deliver())
    try:
        while piece := await reader.read(_CHUNK):
            await pieces.put((now() + TRIP / 2, piece))
        await pieces.put((now(), b""))
        await delivering
    except ConnectionError:
        writer.close()
    finally:
        delivering.cancel()


def _get(number: int) -> Call:
    return Call(_PERSON, "GET", f"/api/tasks/{task_id(_PERSON, number % TASKS_EACH)}")


def _list(_number: int) -> Call:
    return Call(_PERSON, "GET", "/api/tasks")


def _create(number: int) -> Call:
    return Call(_PERSON, "POST", "/api/tasks", {"title": f"Call the supplier about order {number}"})


def _complete(number: int) -> Call:
    """Complete another task each time; there are more than fit into the time."""
    return Call(_PERSON, "PATCH", f"/api/tasks/{task_id(_PERSON, _OPEN_TASKS[number])}/complete")


_ERRANDS = (
    Errand("get", 200, goal=2, call=_get),
    Errand("list", 200, goal=2, call=_list),
    Errand("create", 201, goal=3, call=_create),
    Errand("complete", 200, goal=4, call=_complete),
    Errand("keyed create", 201, goal=4, call=_create, keyed=True),
)
