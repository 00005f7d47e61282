"""People and their credentials on the wire."""

from datetime import datetime

from app.domain.fields import Email, GivenEmail, GivenPassword, Password, PersonName
from app.schemas.base import Input, Output, example


class AccountCreate(Input):
    """A registration."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery", "name": "Ada"})

    email: Email
    password: Password
    name: PersonName


class Login(Input):
    """An e-mail and a password."""

    model_config = example({"email": "ada@example.com", "password": "correct horse battery"})

    email: GivenEmail
    password: GivenPassword


class AccountRead(Output):
    """A person's profile."""

    model_config = example(
        {"id": "019aa4b2-0000-7000-8000-000000000001", "email": "ada@example.com", "name": "Ada", "created_at": "2026-11-21T08:00:00Z"}
    )

    id: str
    email: str | None
    name: str | None
    created_at: datetime


class AccessRead(Output):
    """An access token, to be sent as `Authorization: Bearer ...`."""

    model_config = example({"access_token": "eyJhbGciOiJIUzI1NiJ9...", "token_type": "bearer", "expires_in": 900})

    access_token: str
    token_type: str
    expires_in: int
