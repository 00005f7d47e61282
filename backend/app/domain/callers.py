"""Who is calling, and what a credential allows. It knows no token and no door."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from app.domain.account_errors import RoleMissing, SignInRequired
from app.domain.errors import ScopeMissing


class Scope(StrEnum):
    """What a credential allows, by the names that RFC 6750 lets a refusal tell."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"


class Role(StrEnum):
    """What somebody is beyond being a person with tasks, which everybody is."""

    USER = "user"
    ADMIN = "admin"


class Credential(StrEnum):
    """The kind of a credential."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 (the name of a kind)
    ISSUER_TOKEN = "issuer_token"  # noqa: S105 (the name of a kind)
    PERSONAL_TOKEN = "personal_token"  # noqa: S105 (the name of a kind)
    BETTER_AUTH_SESSION = "better_auth_session"
    SESSION_COOKIE = "session_cookie"


class Caller(NamedTuple):
    """Who is calling, by which credential, and what that allows.

    Attributes:
        person_id: The person who acts; whose rows are acted upon is said elsewhere.
        credential: A token of our own, one of another issuer that is configured, a personal token, or a session of
            Better Auth.
        scopes: What the credential allows.
        roles: What the person is beyond being one; a credential of whose roles nothing is known carries none.
        credential_id: Which one of its kind the credential is, where they have ids: that of the personal token, or of
            the session that an access token of ours is of.
    """

    person_id: str
    credential: Credential
    scopes: frozenset[Scope] = frozenset(Scope)
    roles: frozenset[Role] = frozenset()
    credential_id: UUID | None = None

    def require(self, scope: Scope) -> None:
        """Refuse what the credential does not allow.

        Raises:
            ScopeMissing: It has not this scope.
        """
        # Spec: features/auth.md#AUTH-012
        if scope not in self.scopes:
            raise ScopeMissing(f"The credential does not have the scope {scope}.", scope=scope)

    def require_role(self, role: Role) -> None:
        """Refuse what only people of a role may do.

        Raises:
            RoleMissing: The person has not this role.
        """
        # Spec: features/administration.md#ADMIN-004
        if role not in self.roles:
            raise RoleMissing(f"Only somebody with the role {role} may do this.")

    @property
    def session_id(self) -> UUID | None:
        """The session of ours that the credential is of, or None."""
        return self.credential_id if self.credential is Credential.ACCESS_TOKEN else None

    def require_sign_in(self) -> None:
        """Refuse what only a person may do who has signed in, and no program with a personal token.

        Raises:
            SignInRequired: The credential is a personal token, whatever its scopes.
        """
        # Spec: features/personal-tokens.md#TOKEN-005 features/sessions.md#SESSION-016
        if self.credential is Credential.PERSONAL_TOKEN:
            raise SignInRequired("No personal token may do this; sign in to do it.")


def known_scopes(names: Iterable[str]) -> Iterator[Scope]:
    """Give the scopes that names are of; a name that no scope has, such as one of a later release, allows nothing."""
    # Spec: features/personal-tokens.md#TOKEN-011
    values = {*Scope}
    return (Scope(name) for name in names if name in values)
