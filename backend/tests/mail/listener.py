"""A mail server on the loopback, as RFC 5321 has them, that does what a test wants of it. It delivers nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import NamedTuple, TypeAlias

Reply: TypeAlias = bytes | None


class Received(NamedTuple):
    """A mail as it came: from and to whom, the message, whether it was encrypted, and as whom it was sent."""

    sender: str
    recipient: str
    message: EmailMessage
    encrypted: bool
    login: bytes | None


def _usual(_command: str) -> Reply:
    return None


@dataclass
class Listener:
    """What a server has received, and how it behaves.

    Attributes:
        answer: Gives what is said to a command instead of what is usual; `b""` is the end of the connection.
        taken: Called when a message was taken, before that is said.
    """

    port: int = 0
    mail: list[Received] = field(default_factory=list)
    extensions: tuple[str, ...] = ("8BITMIME",)
    certificate: ssl.SSLContext | None = None
    answer: Callable[[str], Reply] = _usual
    taken: Callable[[], object] = bool
    commands: list[str] = field(default_factory=list)


class _Session:
    """One connection."""

    def __init__(
        self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._listener, self._reader, self._writer = listener, reader, writer
        self._encrypted = writer.get_extra_info("ssl_object") is not None
        self._sender = self._recipient = ""
        self._login: bytes | None = None

    async def serve(self) -> None:
        try:
            await self._say(self._listener.answer("CONNECT") or b"220 mail.test ESMTP")
            while (line := await self._reader.readline()).endswith(b"\r\n"):
                command = line.decode("utf-8").rstrip("\r\n")
                self._listener.commands.append(command)
                if not await self._obey(command):
                    break
        except (ConnectionError, ssl.SSLError):
            pass  # The client went away, as some tests have it.
        finally:
            self._writer.close()

    async def _obey(self, command: str) -> bool:
        verb, _, rest = command.partition(" ")
        special = self._listener.answer(verb.upper())
        if special is not None:
            return bool(special) and await self._say(special)
        acts: dict[str, Callable[[], Awaitable[bool]]] = {
            "EHLO": self._greet,
            "STARTTLS": self._encrypt,
            "AUTH": partial(self._let_in, rest),
            "MAIL": partial(self._begin, rest),
            "RCPT": partial(self._address, rest),
            "DATA": self._take,
            "QUIT": self._end,
        }
        return await acts.get(verb.upper(), self._wonder)()

    async def _wonder(self) -> bool:
        return await self._say(b"500 5.5.1 what?")

    async def _let_in(self, rest: str) -> bool:
        self._login = rest.encode()
        return await self._say(b"235 2.7.0 welcome")

    async def _begin(self, rest: str) -> bool:
        self._sender = _path(rest)
        return await self._say(b"250 2.1.0 fine")

    async def _address(self, rest: str) -> bool:
        self._recipient = _path(rest)
        return await self._say(b"250 2.1.5 fine")

    async def _end(self) -> bool:
        await self._say(b"221 2.0.0 bye")
        return False

    async def _greet(self) -> bool:
        offers_tls = self._listener.certificate is not None and not self._encrypted
        names = ["mail.test", *self._listener.extensions, *(["STARTTLS"] if offers_tls else [])]
        marks = [*["-"] * (len(names) - 1), " "]
        lines = [f"250{mark}{name}".encode() for mark, name in zip(marks, names, strict=True)]
        return await self._say(b"\r\n".join(lines))

    async def _encrypt(self) -> bool:
        assert self._listener.certificate is not None
        await self._say(b"220 2.0.0 go ahead")
        await self._writer.start_tls(self._listener.certificate)
        self._encrypted = True
        return True

    async def _take(self) -> bool:
        await self._say(b"354 go ahead")
        content = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        message = message_from_bytes(content, _class=EmailMessage, policy=policy.SMTPUTF8)
        after = self._listener.answer("MESSAGE")
        if after is None or after.startswith(b"2"):
            mail = Received(self._sender, self._recipient, message, self._encrypted, self._login)
            self._listener.mail.append(mail)
            self._listener.taken()
        if after == b"":
            return False
        return await self._say(after or b"250 2.0.0 taken")

    async def _say(self, line: bytes) -> bool:
        """Say a line; the connection goes on."""
        self._writer.write(line + b"\r\n")
        await self._writer.drain()
        return True


def _path(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


@asynccontextmanager
async def listening(listener: Listener, *, implicit: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    """Let a server listen on a free port of the loopback for as long as the block lasts."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _Session(listener, reader, writer).serve()

    server = await asyncio.start_server(serve, "127.0.0.1", listener.port, ssl=implicit)
    listener.port = server.sockets[0].getsockname()[1]
    yield listener
    server.close()
    await server.wait_closed()
