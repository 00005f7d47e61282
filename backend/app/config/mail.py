"""How mail leaves, what the links in it begin with, and who may register. It opens no connection."""

from email.policy import SMTP
from enum import StrEnum
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from app.config.origins import is_private, origin_of

_PORTS = {"smtp": 587, "smtps": 465}
_OPTIONS = {"tls", "ca"}
_NO_PUBLIC_URL = (
    "AGENDUM_PUBLIC_URL is required in production with AGENDUM_SMTP_URL: the links in mail begin with it"
)
_OPEN_PUBLIC_URL = "AGENDUM_PUBLIC_URL must be https in production: the links in mail let somebody in"
_OPEN_SERVER = "AGENDUM_SMTP_URL must not say tls=none in production, unless the host is this machine"


class Registration(StrEnum):
    """Who may register."""

    OPEN = "open"
    INVITATION = "invitation"
    CLOSED = "closed"


class Encryption(StrEnum):
    """How a connection to a mail server is encrypted: from its first byte, once STARTTLS is agreed on, or not."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class SmtpAddress(NamedTuple):
    """A mail server.

    Attributes:
        encryption: How the connection is encrypted; where it is to be, nothing is sent over one that is not.
        authorities: A file of certificates that are believed instead of the system's.
    """

    host: str
    port: int
    user: str | None
    password: str | None
    encryption: Encryption
    authorities: str | None


class MailSettings(BaseSettings):
    """Mail, and registering, which it serves."""

    smtp_url: SecretStr | None = Field(default=None, alias="AGENDUM_SMTP_URL")
    mail_from: str | None = Field(default=None, alias="AGENDUM_MAIL_FROM")
    public_url: str | None = Field(default=None, alias="AGENDUM_PUBLIC_URL")
    registration: Registration = Field(default=Registration.OPEN, alias="AGENDUM_REGISTRATION")

    @property
    def smtp(self) -> SmtpAddress | None:
        """The mail server, if there is one."""
        return None if self.smtp_url is None else read_smtp_url(self.smtp_url.get_secret_value())

    @field_validator("smtp_url")
    @classmethod
    def _address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            read_smtp_url(url.get_secret_value())
        return url

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, sender: str | None) -> str | None:
        if sender is not None and not _is_sender(sender):
            raise ValueError("must be an address, or a name and an address: Agendum <agendum@example.com>")
        return sender

    @field_validator("public_url")
    @classmethod
    def _link_base(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if (
            origin_of(url) is None
            or parts.query
            or parts.fragment
            or not url.isascii()
            or not url.isprintable()
        ):
            raise ValueError("must be an http or https URL without a user name, a query or a fragment")
        return url.rstrip("/")


def read_smtp_url(url: str) -> SmtpAddress:
    """Return the mail server of a URL: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte.

    With `smtp://` STARTTLS is demanded, other than on this machine; `?tls=starttls` and `?tls=none` say otherwise, and
    `?ca=` names a file of certificates.

    Raises:
        ValueError: It is none; the text does not repeat it.
    """
    # Spec: features/mail.md#MAIL-010
    parts, options = urlsplit(url), dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    try:
        port = parts.port
    except ValueError:
        raise ValueError("has a port that is no number") from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError("must look like smtp://user:password@host:587, or smtps://user:password@host")
    if options.keys() - _OPTIONS or (parts.scheme == "smtps" and "tls" in options):
        raise ValueError("takes tls (smtp:// alone) and ca, and nothing else, behind a question mark")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")
    user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    encryption = Encryption.IMPLICIT if parts.scheme == "smtps" else _encryption(options, parts.hostname)
    return SmtpAddress(
        parts.hostname, port or _PORTS[parts.scheme], user, password, encryption, options.get("ca") or None
    )


def mail_fault(settings: MailSettings, *, production: bool) -> str | None:
    """Tell what keeps mail from being sent as it should be, or None."""
    # Spec: features/mail.md#MAIL-010
    server, url = settings.smtp, settings.public_url
    if server is None:
        return None
    faults = {
        "AGENDUM_MAIL_FROM is required with AGENDUM_SMTP_URL": settings.mail_from is None,
        _NO_PUBLIC_URL: production and url is None,
        _OPEN_PUBLIC_URL: production and url is not None and not is_private(url),
        _OPEN_SERVER: production and server.encryption is Encryption.NONE and not is_own_machine(server.host),
    }
    return next((fault for fault, is_found in faults.items() if is_found), None)


def is_own_machine(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _encryption(options: dict[str, str], host: str) -> Encryption:
    usual = Encryption.NONE if is_own_machine(host) else Encryption.STARTTLS
    wanted = options.get("tls", usual)
    if wanted not in {Encryption.STARTTLS, Encryption.NONE}:
        raise ValueError("takes tls=starttls or tls=none")
    return Encryption(wanted)


def _is_sender(sender: str) -> bool:
    if not sender.isprintable():
        return False
    read = SMTP.header_factory("From", sender)
    [*addresses] = read.addresses
    is_plain = len(addresses) == 1 and addresses[0].addr_spec.isascii() and bool(addresses[0].domain)
    return is_plain and not read.defects
