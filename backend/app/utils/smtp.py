"""Hands messages to a mail server, each on a connection of its own. It tries once; when to try again is not its matter.

Certificates are always verified.
"""

import asyncio
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import NamedTuple

import aiosmtplib
import idna

from app.utils.carriers import DeliveryError, NeverError, NotNowError

# Seconds for one answer of the server, for its farewell, and for a whole delivery.
_ANSWER_LIMIT, _FAREWELL_LIMIT, DELIVERY_LIMIT = 20.0, 2.0, 60.0
_FAILURES = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError)
_OUR_NAME = "agendum.invalid"


class Server(NamedTuple):
    """A mail server, and how it is spoken to.

    Attributes:
        implicit: TLS from the first byte.
        starttls: TLS before anything is said; without it nothing is sent.
        authorities: A file of certificates that are believed instead of the system's.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    implicit: bool = False
    starttls: bool = True
    authorities: str | None = None


class SmtpCarrier:
    """Takes messages to a mail server.

    Args:
        server: Which.
        sender: The address that a failure is told to (RFC 5321, section 4.4).

    Raises:
        OSError: The file of certificates cannot be read.
    """

    def __init__(self, server: Server, *, sender: str) -> None:
        self._server = server
        self._sender = sender
        self._trust = ssl.create_default_context(cafile=server.authorities)

    async def carry(self, message: EmailMessage, *, recipient: str) -> None:
        """Hand a message over.

        Raises:
            NotNowError: The server is away, is too slow, lets us not in, or asks to try later.
            NeverError: It refuses the address or the message for good, or cannot take such an address.
        """
        # Spec: features/mail.md#MAIL-011
        try:
            async with asyncio.timeout(DELIVERY_LIMIT):
                await self._deliver(message, deliverable(recipient))
        except _FAILURES as failure:
            raise _meant(failure) from failure

    async def _deliver(self, message: EmailMessage, recipient: str) -> None:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=_OUR_NAME,
            timeout=_ANSWER_LIMIT,
            use_tls=server.implicit,
            start_tls=server.starttls and not server.implicit,
            tls_context=self._trust,
            username=server.user,
            password=server.password,
        )
        await client.connect()
        try:
            plain = recipient.isascii()
            if not plain:
                await client.ehlo()
                if not client.supports_extension("SMTPUTF8"):
                    raise NeverError("address")
            options = [] if plain else ["SMTPUTF8", "BODY=8BITMIME"]
            # A body that is no ASCII travels encoded as ASCII.
            content = message.as_bytes(policy=SMTP if plain else SMTPUTF8)
            await client.sendmail(self._sender, [recipient], content, mail_options=options)
            # It is taken by now, whatever becomes of the farewell.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_FAREWELL_LIMIT)
        finally:
            client.close()


def deliverable(address: str) -> str:
    """Return an address with its domain as mail servers know it, in ASCII; before the @ it is left as it is.

    Raises:
        NeverError: The domain is none.
    """
    # Spec: features/mail.md#MAIL-012
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as wrong:
        raise NeverError("address") from wrong


def _meant(failure: Exception) -> DeliveryError:
    """Tell what a failure means for the message."""
    match failure:
        case aiosmtplib.SMTPRecipientsRefused():
            return _refused(failure.recipients[0].code)
        case aiosmtplib.SMTPRecipientRefused() | aiosmtplib.SMTPDataError():
            return _refused(failure.code)
        case ValueError() if not isinstance(failure, OSError):
            # The library's, for an address that cannot be sent; a certificate that is not believed is one as well.
            return NeverError("address")
        case _:
            return NotNowError(_reason(failure))


def _reason(failure: Exception) -> str:
    """Tell why a message was not taken now, in a word."""
    match failure:
        case aiosmtplib.SMTPAuthenticationError():
            return "authentication"
        case aiosmtplib.SMTPResponseException():
            # What is said to our greeting or to our own address is a matter of how we are configured.
            return f"refused_{failure.code}"
        case TimeoutError():
            return "timeout"
        case _:
            return "encryption" if _is_of_encryption(failure) else "connection"


def _is_of_encryption(failure: Exception) -> bool:
    without = isinstance(failure, aiosmtplib.SMTPException) and "STARTTLS" in failure.message
    return without or any(isinstance(one, ssl.SSLError) for one in (failure, failure.__cause__))


def _refused(code: int) -> DeliveryError:
    return (NeverError if code >= 500 else NotNowError)(f"refused_{code}")
