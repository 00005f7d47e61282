"""Asking for a new password, and setting it, on the wire."""

from pydantic import Field

from app.domain.fields import GivenEmail, MailedToken, Password
from app.schemas.base import Input, example


class PasswordResetRequest(Input):
    """Whose password was forgotten."""

    model_config = example({"email": "ada@example.com"})

    email: GivenEmail = Field(description="The address that the person registered with.")


class PasswordReset(Input):
    """A new password, with the token of the mail."""

    model_config = example({"token": "dG9rZW4gb2YgdGhlIG1haWw...", "password": "correct horse battery"})

    token: MailedToken = Field(description="What stands in the link of the mail behind `token=`.")
    password: Password = Field(description="The new password.")
