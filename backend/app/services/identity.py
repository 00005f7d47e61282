"""What it takes to know people. It knows no credential itself."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from app.repositories.erasure import Erasure
from app.repositories.everybody import Directory
from app.repositories.unit_of_work import UnitOfWork
from app.utils.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Identity:
    """What is needed to recognise people and to let them in.

    That is their directory, to look up or to add somebody, and the hasher of passwords.

    Attributes:
        secrets: What signs tokens; the first one signs, and what the others have signed stays good.
        forget: Forgets, in this process, whom the credentials of a person meant, so that they are looked at anew.
        open_own: Opens the rows of a person who is known, by the id.
        open_erasure: Opens what erases them.
    """

    open_directory: Callable[[], AbstractAsyncContextManager[Directory]]
    open_register: Callable[[], AbstractAsyncContextManager[Directory]]
    passwords: Passwords
    secrets: tuple[str, ...]
    forget: Callable[[str], None]
    open_own: Callable[[str], AbstractAsyncContextManager[UnitOfWork]]
    open_erasure: Callable[[str], AbstractAsyncContextManager[Erasure]]

    @property
    def secret(self) -> str:
        """The secret that signs what is given out from now on."""
        return self.secrets[0]
