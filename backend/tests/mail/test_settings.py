"""How mail is configured, where it goes without a mail server, and what is refused without one."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.config import ConfigurationError, Encryption, Registration, Settings, load_settings
from app.config.mail import read_smtp_url
from app.services.mail_carriers import mailing_of
from app.utils.outbox import Outbox
from app.utils.smtp import SmtpCarrier
from tests.mail.post import ADA, Post, text_of

STRONG = "q7Xw2mZt9Lk4Vb8Rn3Py6Hs1Jd5Gf0Ca"
SERVER = "smtp://agendum:secret-of-the-server@mail.example"
PRODUCTION = {
    "AGENDUM_ENV": "production",
    "BETTER_AUTH_SECRET": STRONG,
    "DATABASE_URL": "postgresql://db.example/tasks",
    "AGENDUM_SMTP_URL": SERVER,
    "AGENDUM_MAIL_FROM": "Agendum <agendum@tasks.example>",
    "AGENDUM_PUBLIC_URL": "https://tasks.example/agendum/",
}


def loaded(monkeypatch: pytest.MonkeyPatch, **changes: str) -> Settings:
    for name in (str(field.alias) for field in Settings.model_fields.values()):
        monkeypatch.delenv(name, raising=False)
    for name, value in (PRODUCTION | changes).items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.spec("MAIL-010")
@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("smtp://mail.example", ("mail.example", 587, None, None, Encryption.STARTTLS, None)),
        ("smtps://mail.example", ("mail.example", 465, None, None, Encryption.IMPLICIT, None)),
        ("smtp://a%40b:p%2Fw@[::1]:25", ("::1", 25, "a@b", "p/w", Encryption.NONE, None)),
        ("smtp://localhost?tls=starttls", ("localhost", 587, None, None, Encryption.STARTTLS, None)),
        ("smtp://relay?tls=none&ca=/x.pem", ("relay", 587, None, None, Encryption.NONE, "/x.pem")),
    ],
)
def test_a_mail_server_is_a_url(url: str, read: tuple[object, ...]) -> None:
    assert read_smtp_url(url) == read


@pytest.mark.spec("MAIL-010")
@pytest.mark.parametrize(
    "url",
    [
        *(
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://mail.example/path",
            "smtp://mail.example:x",
        ),
        *("smtp://user@mail.example", "smtp://mail.example?tls=maybe", "smtps://mail.example?tls=none"),
        *("smtp://mail.example?other=1", "smtp://u:hunter2@mail.example?tls=implicit"),
    ],
)
def test_what_is_no_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(AGENDUM_SMTP_URL=SecretStr(url))
    assert "hunter2" not in str(refused.value)


@pytest.mark.spec("MAIL-010")
def test_production_sends_mail_with_everything_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch)
    assert settings.public_url == "https://tasks.example/agendum"
    assert isinstance(mailing_of(settings).carrier, SmtpCarrier)
    assert "secret-of-the-server" not in repr(settings)


@pytest.mark.spec("MAIL-010")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AGENDUM_MAIL_FROM": ""}, "AGENDUM_MAIL_FROM"),
        ({"AGENDUM_MAIL_FROM": "Agendum"}, "AGENDUM_MAIL_FROM"),
        ({"AGENDUM_MAIL_FROM": "a@b.example, c@d.example"}, "AGENDUM_MAIL_FROM"),
        ({"AGENDUM_PUBLIC_URL": ""}, "AGENDUM_PUBLIC_URL"),
        ({"AGENDUM_PUBLIC_URL": "http://tasks.example"}, "AGENDUM_PUBLIC_URL"),
        ({"AGENDUM_PUBLIC_URL": "https://tasks.example/?a=b"}, "AGENDUM_PUBLIC_URL"),
        ({"AGENDUM_SMTP_URL": f"{SERVER}?tls=none"}, "AGENDUM_SMTP_URL"),
        ({"AGENDUM_SMTP_URL": "smtp://"}, "AGENDUM_SMTP_URL"),
        ({"AGENDUM_REGISTRATION": "maybe"}, "AGENDUM_REGISTRATION"),
    ],
)
def test_production_does_not_start_with_half_of_it(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as refused:
        loaded(monkeypatch, **changes)
    assert "secret-of-the-server" not in str(refused.value)


@pytest.mark.spec("MAIL-010")
def test_certificates_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = loaded(monkeypatch, AGENDUM_SMTP_URL=f"{SERVER}?ca={tmp_path}/none.pem")
    with pytest.raises(ConfigurationError, match="ca of AGENDUM_SMTP_URL"):
        mailing_of(settings)


@pytest.mark.spec("USER-044")
def test_anybody_may_register_unless_something_else_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch).registration is Registration.OPEN
    assert loaded(monkeypatch, AGENDUM_REGISTRATION="closed").registration is Registration.CLOSED


@pytest.mark.spec("MAIL-013")
async def test_without_a_mail_server_mail_is_shown_and_kept(
    registered: Post, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await registered.client.post("/auth/password-reset", json={"email": ADA["email"]})
    await registered.deliver(carrier=Outbox(tmp_path / "outbox"))
    shown = capsys.readouterr().out
    assert f"Mail to {ADA['email']}: Choose a new password" in shown
    [path] = (tmp_path / "outbox").iterdir()
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]
    [link] = [line for line in shown.splitlines() if "?token=" in line]
    assert link in path.read_text().splitlines()


@pytest.mark.spec("MAIL-013")
async def test_a_folder_that_cannot_be_used_delays_the_mail(registered: Post, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    await registered.client.post("/auth/password-reset", json={"email": ADA["email"]})
    assert 20 < await registered.deliver(carrier=Outbox(tmp_path / "file")) < 40
    assert registered.listener.mail == []


@pytest.mark.spec("MAIL-014")
async def test_where_no_mail_can_be_sent_what_needs_it_says_so(registered: Post) -> None:
    caller = await registered.caller()
    runtime = registered.runtime
    registered.app.state.runtime = replace(runtime, mailing=replace(runtime.mailing, carrier=None))
    asked = [
        ("/auth/password-reset", {"email": ADA["email"]}),
        ("/auth/verify-email/send", None),
        ("/auth/email", {"email": "ada@example.org", "password": ADA["password"]}),
    ]
    answers = [await registered.client.post(path, json=body, headers=caller) for path, body in asked]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, "MAIL_OFF")] * 3
    assert (await registered.register(email="bob@example.com")).status_code == 201
    registered.app.state.runtime = runtime
    assert [text_of(mail) for mail in await registered.collect()] == []
