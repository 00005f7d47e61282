"""A registration on the wire."""

from pydantic import Field

from app.domain.fields import Email, MailedToken, Password, PersonName
from app.schemas.base import Input, example


class AccountCreate(Input):
    """A registration."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"})

    email: Email = Field(description="The address to log in with; letter case does not matter.")
    password: Password = Field(
        description="12 to 128 characters of any kind, and none of the passwords that are tried first."
    )
    name: PersonName = Field(description="What to call the person.")
    invitation: MailedToken | None = Field(
        default=None, description="The code of an invitation, where registering takes one."
    )
