"""Proving an e-mail, and changing it, on the wire."""

from enum import StrEnum

from pydantic import Field

from app.domain.fields import Email, GivenPassword, MailedToken
from app.schemas.base import Input, Output, example


class EmailVerification(Input):
    """The token of a mail."""

    model_config = example({"token": "dG9rZW4gb2YgdGhlIG1haWw..."})

    token: MailedToken = Field(description="What stands in the link of the mail behind `token=`.")


class EmailChange(Input):
    """A new e-mail, with the password of the account."""

    model_config = example({"email": "ada@example.org", "password": "correct horse battery"})

    email: Email = Field(description="The new address. It takes the old one's place once it is confirmed.")
    password: GivenPassword = Field(description="The person's password, anew.")


class Acceptance(StrEnum):
    """What became of a request for a mail."""

    ACCEPTED = "accepted"


class MailRead(Output):
    """A mail is on its way, if there is somebody to get it; more is not told."""

    model_config = example({"status": "accepted"})

    status: Acceptance = Field(description="Always `accepted`.")
