"""What a mail says: whatever its parameters hold, it stays the mail that it is."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from string import Template
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import letters
from app.domain.letters import Occasion, write
from app.models.mail import MailRow
from app.services.mailing import Mailing, compose
from app.utils.sealed_ids import seal, unsealed

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)
MAILING = Mailing(None, "Agendum <agendum@tasks.example>", "https://tasks.example")
HOSTILE = "Ada\r\nBcc: eve@example.com\r\n\r\n$link ${link} <b>\0\u2028"


def row(template: str, address: str = "ada@example.com", **parameters: str) -> MailRow:
    text = orjson.dumps({"token": str(uuid4())} | parameters).decode()
    return MailRow(uuid4(), template, address, text, MOMENT, 1, is_wanted=True)


@pytest.mark.spec("MAIL-005")
@pytest.mark.parametrize("occasion", Occasion)
def test_every_mail_has_its_headers_and_lines_that_can_be_read(occasion: Occasion) -> None:
    mail = row(occasion)
    content = compose(MAILING, "secret", mail, now=MOMENT).as_bytes()
    read = message_from_bytes(content, policy=policy.SMTP)
    assert {*read.keys()} == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version"),
        *("Content-Type", "Content-Transfer-Encoding"),
    }
    assert len(read.keys()) == 9
    assert (read["From"], read["To"]) == ("Agendum <agendum@tasks.example>", "ada@example.com")
    assert (read["Message-ID"], read["Auto-Submitted"]) == (f"<{mail.id}@tasks.example>", "auto-generated")
    assert read["Content-Transfer-Encoding"] == "7bit"
    assert max(len(line) for line in content.splitlines()) < 200
    assert "$" not in content.decode()
    assert b"https://tasks.example" in content


@pytest.mark.spec("MAIL-005")
def test_a_parameter_is_one_line_and_no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    words = letters._Words(Template("About $name"), Template("Hello $name,\n\n$link\n"))
    monkeypatch.setitem(letters._WORDS, Occasion.INVITATION, words)
    message = compose(MAILING, "secret", row("invitation", name=HOSTILE), now=MOMENT)
    read = message_from_bytes(message.as_bytes(), policy=policy.SMTP)
    assert read["Bcc"] is None
    assert read["Subject"].strip() == "About Ada Bcc: eve@example.com $link ${link} <b>"
    lines = read.get_content().splitlines()
    assert lines[0].startswith("Hello Ada Bcc: eve@example.com $link ${link} <b>")
    assert (len(lines), lines[2].startswith("https://tasks.example/auth/links/invitation?token=")) == (
        3,
        True,
    )


@pytest.mark.spec("MAIL-005")
@pytest.mark.parametrize("address", ["ada@example.com\r\nBcc: eve@example.com", "ada@exa\nmple.com"])
def test_an_address_adds_no_header(address: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|CR or LF|newline|linefeed"):
        compose(MAILING, "secret", row("password_changed", address), now=MOMENT)


@pytest.mark.spec("MAIL-005")
@given(st.text())
def test_any_text_can_be_a_parameter(text: str) -> None:
    assert write(Occasion.PASSWORD_CHANGED, {"service": text}).text.count("\n") == 4


@pytest.mark.spec("MAIL-003")
def test_the_same_mail_is_the_same_message_another_day() -> None:
    mail = row("reset_password")
    first, second = (compose(MAILING, "secret", mail, now=now) for now in (MOMENT, MOMENT.replace(day=22)))
    assert first.get_content() == second.get_content()
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() != compose(MAILING, "another", mail, now=MOMENT).get_content()


@pytest.mark.spec("MAIL-004")
@given(st.uuids(), st.sampled_from(["", "a", "ab"]), st.sampled_from(["", "a", "ab"]))
def test_a_token_is_read_by_whoever_has_its_secret(one: UUID, purpose: str, other: str) -> None:
    token = seal("new", purpose, one)
    assert unsealed(["old", "new"], purpose, token) == one
    assert unsealed(["old", "newer"], purpose, token) is None
    assert (unsealed(["new"], other, token) == one) is (other == purpose)


@pytest.mark.spec("MAIL-004")
@given(st.text(max_size=80))
def test_any_other_text_is_no_token(text: str) -> None:
    assert unsealed(["secret"], "password_reset", text) is None
