"""What it takes to know people. It knows no credential itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from app.repositories.everybody import Directory
from app.utils.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Identity:
    """What is needed to recognise people and to let them in.

    That is their directory, to look up or to add somebody, the hasher of passwords, and the signing secret.
    """

    open_directory: Callable[[], AbstractAsyncContextManager[Directory]]
    open_register: Callable[[], AbstractAsyncContextManager[Directory]]
    passwords: Passwords
    secret: str
