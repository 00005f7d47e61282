"""A TCP proxy between a pool and a server: it counts their turns, and loses what they say at a commit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

# A simple query, as the driver sends it; nothing else is under way on the connection then.
COMMIT = b"Q\0\0\0\x0cCOMMIT;\0"
# That the server is ready for the next query, outside of a transaction: the end of its answer.
READY = b"Z\0\0\0\x05I"
_FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
FAREWELL = b"E" + (4 + len(_FIELDS)).to_bytes(4, "big") + _FIELDS


class Line:
    """One connection of a client through the proxy to the server."""

    def __init__(
        self,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ):
        self.from_client, self.to_client = client
        self.from_server, self.to_server = server
        self.silent = False
        self.is_clients_turn = True

    def cut(self) -> None:
        """Close both ends at once."""
        self.to_client.transport.abort()
        self.to_server.transport.abort()


Act = Callable[[Line, bytes], Awaitable[None]]


async def lose_the_question(line: Line, _commit: bytes) -> None:
    """Cut the line before the server hears of the commit."""
    line.cut()


async def lose_the_answer(line: Line, commit: bytes) -> None:
    """Let the server commit, and cut the line as soon as it says so."""
    line.silent = True
    line.to_server.write(commit)


async def say_farewell(line: Line, _commit: bytes) -> None:
    """Answer as a server does that is shut down, and cut the line."""
    line.to_client.write(FAREWELL)
    await line.to_client.drain()
    line.to_client.close()
    line.to_server.transport.abort()


async def fall_silent(line: Line, _commit: bytes) -> None:
    """Neither answer nor close."""
    line.silent = True


class Wire:
    """The proxy, on a port of the loopback.

    Args:
        server_url: The address of a database, by the server's socket.
    """

    def __init__(self, server_url: str) -> None:
        self._server, _, folder = server_url.partition("?host=")
        self._socket = Path(unquote(folder)) / ".s.PGSQL.5432"
        self._lines: set[Line] = set()
        self._at_commit: Act | None = None
        self.commit_came = asyncio.Event()
        # What the client has said since this was last emptied, one entry for each time that it then waited for the
        # server.
        self.trips: list[str] = []
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        self.cut()
        await self._listener.wait_closed()

    @property
    def url(self) -> str:
        """The address of the same database through the proxy."""
        assert self._listener is not None
        port = self._listener.sockets[0].getsockname()[1]
        return f"postgresql://postgres@127.0.0.1:{port}/{self._server.rpartition('/')[2]}?sslmode=disable"

    def at_next_commit(self, act: Act) -> None:
        """Do something when the next commit comes by, once."""
        self._at_commit = act
        self.commit_came.clear()

    def cut(self) -> int:
        """Cut every line, and return how many there were."""
        lines = list(self._lines)
        for line in lines:
            line.cut()
        return len(lines)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line((reader, writer), await asyncio.open_unix_connection(self._socket))
        self._lines.add(line)
        with suppress(ConnectionError):
            await asyncio.gather(self._questions(line), self._answers(line))
        self._lines.discard(line)
        line.cut()

    async def _questions(self, line: Line) -> None:
        while data := await line.from_client.read(65536):
            if line.is_clients_turn:
                line.is_clients_turn = False
                self.trips.append(_name(data))
            if data == COMMIT and self._at_commit is not None:
                act, self._at_commit = self._at_commit, None
                await act(line, data)
                self.commit_came.set()
            else:
                line.to_server.write(data)
        line.to_server.close()

    async def _answers(self, line: Line) -> None:
        while data := await line.from_server.read(65536):
            line.is_clients_turn = True
            if not line.silent:
                line.to_client.write(data)
            elif data.endswith(READY):
                line.cut()
        line.to_client.close()


def _name(data: bytes) -> str:
    """Name what the client says: by the first of its words that ends one, or as a statement with parameters."""
    return data[5:].partition(b";")[0].decode() if data.startswith(b"Q") else "statement"
