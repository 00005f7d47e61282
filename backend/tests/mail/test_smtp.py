"""Handing messages to a real mail server: encrypted or not at all, with a login, to addresses in any letters."""

import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.utils import smtp
from app.utils.carriers import DeliveryError, NeverError, NotNowError
from app.utils.smtp import Server, SmtpCarrier
from tests.mail.listener import Listener, listening

TO = "ada@example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key, that signs itself."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    moment = datetime.now(UTC)
    places = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(moment - timedelta(days=1)).not_valid_after(moment + timedelta(days=1))
    made = builder.add_extension(places, critical=False).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    path.write_bytes(private + made.public_bytes(encoding))
    return path


@pytest.fixture
def identity(certificate: Path) -> ssl.SSLContext:
    """What a server shows with this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def message(to: str = TO) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "agendum@tasks.example", to, "Höllo"
    made.set_content("Höllo\n.\nwith a dot\n")
    return made


async def carry(listener: Listener, *, to: str = TO, **server: Any) -> DeliveryError | None:
    """Hand a message over, and return why it was not taken."""
    there = Server("127.0.0.1", listener.port, **{"starttls": False} | server)
    carrier = SmtpCarrier(there, sender="agendum@tasks.example")
    try:
        await carrier.carry(message(to), recipient=to)
    except DeliveryError as failure:
        return failure
    return None


@pytest.mark.spec("MAIL-010")
async def test_a_mail_is_encrypted_before_anything_is_said(
    identity: ssl.SSLContext, certificate: Path
) -> None:
    async with listening(Listener(certificate=identity, extensions=("AUTH PLAIN", "8BITMIME"))) as listener:
        login = {"user": "agendum", "password": "a secret of the server"}
        failure = await carry(listener, starttls=True, authorities=str(certificate), **login)
    assert failure is None
    [mail] = listener.mail
    assert (mail.encrypted, mail.sender, mail.recipient) == (True, "agendum@tasks.example", TO)
    assert mail.login is not None
    assert mail.login.startswith(b"PLAIN ")
    assert listener.commands[:2] == ["EHLO agendum.invalid", "STARTTLS"]
    assert mail.message.get_content().splitlines() == ["Höllo", ".", "with a dot"]


@pytest.mark.spec("MAIL-010")
async def test_tls_from_the_first_byte(identity: ssl.SSLContext, certificate: Path) -> None:
    async with listening(Listener(), implicit=identity) as listener:
        assert await carry(listener, implicit=True, authorities=str(certificate)) is None
    assert [mail.encrypted for mail in listener.mail] == [True]


@pytest.mark.spec("MAIL-010", "MAIL-011")
@pytest.mark.parametrize("server", ["offers none", "is a stranger", "is a stranger from the first byte"])
async def test_nothing_is_sent_over_a_connection_that_is_not_safe(
    identity: ssl.SSLContext, server: str
) -> None:
    implicit = identity if "first byte" in server else None
    offered = identity if server == "is a stranger" else None
    async with listening(Listener(certificate=offered), implicit=implicit) as listener:
        login = {"user": "agendum", "password": "a secret of the server"}
        failure = await carry(listener, starttls=True, implicit=implicit is not None, **login)
    assert isinstance(failure, NotNowError)
    assert failure.kind == "encryption"
    assert listener.mail == []
    assert not [command for command in listener.commands if command.startswith(("AUTH", "MAIL", "RCPT"))]


@pytest.mark.spec("MAIL-011")
async def test_a_login_that_is_refused_delays_the_mail() -> None:
    refusal = b"535 5.7.8 no"
    async with listening(Listener(extensions=("AUTH PLAIN",))) as listener:
        listener.answer = lambda command: refusal if command == "AUTH" else None
        failure = await carry(listener, user="agendum", password="wrong")
    assert isinstance(failure, NotNowError)
    assert failure.kind == "authentication"


@pytest.mark.spec("MAIL-011")
async def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "DELIVERY_LIMIT", 0.2)
    async with listening(Listener()) as listener:
        listener.answer = lambda command: b"250-and" if command == "EHLO" else None
        failure = await carry(listener)
    assert isinstance(failure, NotNowError)
    assert failure.kind == "timeout"


@pytest.mark.spec("MAIL-012")
async def test_a_domain_in_other_letters_is_sent_to_in_ascii() -> None:
    async with listening(Listener()) as listener:
        assert await carry(listener, to="ada@bücher.example") is None
    assert [mail.recipient for mail in listener.mail] == ["ada@xn--bcher-kva.example"]


@pytest.mark.spec("MAIL-012")
@pytest.mark.parametrize("extensions", [(), ("SMTPUTF8", "8BITMIME")])
async def test_other_letters_before_the_at_need_a_server_that_takes_them(extensions: tuple[str, ...]) -> None:
    async with listening(Listener(extensions=extensions)) as listener:
        failure = await carry(listener, to="ädä@example.com")
    if extensions:
        assert failure is None
        assert [mail.recipient for mail in listener.mail] == ["ädä@example.com"]
        assert listener.mail[0].message["To"] == "ädä@example.com"
    else:
        assert isinstance(failure, NeverError)
        assert (failure.kind, listener.mail) == ("address", [])


@pytest.mark.spec("MAIL-012")
@pytest.mark.parametrize("to", ["ada@" + "ä" * 70 + ".example", "ada@\u2603\u200d.example"])
async def test_what_is_no_domain_is_refused_for_good(to: str) -> None:
    async with listening(Listener()) as listener:
        carrier = SmtpCarrier(Server("127.0.0.1", listener.port, starttls=False), sender="a@b.example")
        with pytest.raises(NeverError, match="address"):
            await carrier.carry(message(), recipient=to)
    assert listener.commands == []
