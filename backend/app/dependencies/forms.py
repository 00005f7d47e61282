"""The form that a page of ours sends: how much of it is read, and which fields it has. It judges no value."""

import asyncio
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from app.dependencies.bodies import (
    PATIENCE,
    SMALL_BODY,
    BodyTimeout,
    BodyTooLarge,
    MalformedBody,
    UnsupportedBody,
)
from app.domain.errors import Invalid
from app.schemas.messages import field_errors

Shape = TypeVar("Shape", bound=BaseModel)
_FORM, _MOST_FIELDS = "application/x-www-form-urlencoded", 10


class Form(dict[str, str]):
    """The fields of a form, by their names."""

    def read(self, shape: type[Shape]) -> Shape:
        """Return the fields as a shape; those that were left empty are as if they were not there.

        Raises:
            Invalid: One of them breaks a rule.
        """
        try:
            return shape.model_validate({name: value for name, value in self.items() if value})
        except ValidationError as refused:
            errors = field_errors(refused.errors())
            raise Invalid(f"{errors[0].field}: {errors[0].message}", errors=errors) from None


async def form(request: Request) -> Form:
    """Return the form of a request.

    Raises:
        BodyRefused: It is too large, does not arrive in time, is of another type, or cannot be read.
    """
    # Spec: features/mail.md#MAIL-020
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedBody
    try:
        async with asyncio.timeout(PATIENCE):
            content = await _read(request)
    except TimeoutError as error:
        raise BodyTimeout from error
    try:
        fields = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise MalformedBody from error
    return Form(fields)


async def _read(request: Request) -> bytes:
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > SMALL_BODY:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return bytes(body)


FormOf = Annotated[Form, Depends(form)]
