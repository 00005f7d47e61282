"""Who is calling, and what a credential allows. It knows no token and no door."""

from enum import StrEnum
from typing import NamedTuple

from app.domain.errors import ScopeMissing


class Scope(StrEnum):
    """What a credential allows, by the names that RFC 6750 lets a refusal tell."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"


class Credential(StrEnum):
    """The kind of a credential."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 (the name of a kind)
    ISSUER_TOKEN = "issuer_token"  # noqa: S105 (the name of a kind)


class Caller(NamedTuple):
    """Who is calling, by which credential, and what that allows.

    Attributes:
        person_id: The person who acts; whose rows are acted upon is said elsewhere.
        credential: A token of our own, or one of another issuer that is configured.
        scopes: What the credential allows.
        roles: What the person is beyond being a person; nobody is anything yet.
    """

    person_id: str
    credential: Credential
    scopes: frozenset[Scope] = frozenset(Scope)
    roles: frozenset[str] = frozenset()

    def require(self, scope: Scope) -> None:
        """Refuse what the credential does not allow.

        Raises:
            ScopeMissing: It has not this scope.
        """
        # Spec: features/auth.md#AUTH-012
        if scope not in self.scopes:
            raise ScopeMissing(f"The credential does not have the scope {scope}.", scope=scope)
