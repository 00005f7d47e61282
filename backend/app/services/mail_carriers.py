"""What takes mail away, as the settings say: a mail server, or outside of production a folder. It sends nothing."""

from email.utils import parseaddr

from app.config import ConfigurationError, Encryption, Settings, SmtpAddress
from app.services.mailing import Mailing
from app.utils.carriers import Carrier
from app.utils.outbox import Outbox
from app.utils.smtp import Server, SmtpCarrier

_NO_SENDER = "Agendum <agendum@localhost>"


def mailing_of(settings: Settings) -> Mailing:
    """Return what it takes for mail to leave: a mail server, or outside of production a folder.

    Raises:
        ConfigurationError: The certificates of the mail server cannot be read.
    """
    # Spec: features/mail.md#MAIL-013 features/mail.md#MAIL-014
    sender = settings.mail_from or _NO_SENDER
    if settings.smtp is not None:
        carrier: Carrier | None = _smtp_carrier(settings.smtp, sender)
    else:
        carrier = None if settings.production else Outbox(settings.data_dir / "outbox")
    return Mailing(carrier, sender, settings.public_url or settings.own_address)


def _smtp_carrier(address: SmtpAddress, sender: str) -> SmtpCarrier:
    server = Server(
        *address[:4],
        implicit=address.encryption is Encryption.IMPLICIT,
        starttls=address.encryption is Encryption.STARTTLS,
        authorities=address.authorities,
    )
    try:
        return SmtpCarrier(server, sender=parseaddr(sender)[1])
    except OSError as failure:
        raise ConfigurationError(f"the ca of AGENDUM_SMTP_URL cannot be used: {failure.strerror}") from None
