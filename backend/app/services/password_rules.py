"""Which passwords may be chosen. What is known already is not judged here."""

from anyio import to_thread

from app.domain.errors import invalid_field
from app.utils.common_passwords import is_common
from app.utils.password_shapes import is_simple, names_somebody, normal

SHORTEST = 12


async def require_choice(password: str, *, field: str, called: tuple[str | None, ...]) -> str:
    """Return a password that somebody chooses as it is hashed, if it may be chosen.

    Args:
        password: As it was typed.
        field: What it is called in the request.
        called: What the person is called: e-mail and name.

    Raises:
        Invalid: It may not.
    """
    # Spec: features/users.md#USER-020 features/users.md#USER-021 features/users.md#USER-022
    chosen = normal(password)
    if len(chosen) < SHORTEST:
        raise invalid_field(field, f"must have at least {SHORTEST} characters")
    if names_somebody(chosen, called):
        raise invalid_field(field, "must not be your e-mail address or name")
    if is_simple(chosen):
        raise invalid_field(field, "must not be one character, a few characters over and over, or a sequence")
    # The list is read from the disk.
    if await to_thread.run_sync(is_common, chosen):
        raise invalid_field(field, "is one of the passwords that are tried first; please choose another")
    return chosen
