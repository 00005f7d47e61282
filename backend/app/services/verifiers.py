"""What verifies signed tokens: one verifier for each issuer that is configured. It fetches no keys itself."""

from collections.abc import Iterator
from datetime import timedelta

from app.config import ConfigurationError, Settings, origin_of
from app.models.account import OWN_ISSUER
from app.services.sessions import TOKEN_AUDIENCE, TOKEN_TYPE
from app.utils.jwks import RemoteKeySet
from app.utils.jwt import KeySetVerifier, SecretVerifier, TokenVerifiers, Verifier

_CLOCKS_MAY_DIFFER = timedelta(seconds=30)
_SHARED_ISSUER = "AGENDUM_SHARED_SECRET_ISSUER must be neither agendum nor the origin of BETTER_AUTH_URL"


def token_verifiers(settings: Settings, keys: RemoteKeySet | None) -> TokenVerifiers:
    """Return one verifier for each issuer that is configured.

    Args:
        settings: With a secret.
        keys: Those of Better Auth, where its address is configured.

    Raises:
        ConfigurationError: Two of them share an issuer.
    """
    verifiers = [*_each_verifier(settings, keys)]
    try:
        return TokenVerifiers(verifiers)
    except ValueError:
        raise ConfigurationError(_SHARED_ISSUER) from None


def _each_verifier(settings: Settings, keys: RemoteKeySet | None) -> Iterator[Verifier]:
    secret, *older = settings.secrets
    # Spec: features/auth.md#AUTH-004 features/auth.md#AUTH-005 features/auth.md#AUTH-007
    yield SecretVerifier(
        secret, older=older, issuer=OWN_ISSUER, audience=TOKEN_AUDIENCE, token_type=TOKEN_TYPE
    )
    if keys is not None and settings.better_auth_url is not None:
        issuer = origin_of(settings.better_auth_url) or settings.better_auth_url
        audience = settings.better_auth_audience or issuer
        yield KeySetVerifier(keys, issuer=issuer, audience=audience, leeway=_CLOCKS_MAY_DIFFER)
    if settings.shared_secret_issuer is not None:
        yield SecretVerifier(
            secret,
            older=older,
            issuer=settings.shared_secret_issuer,
            audience=settings.shared_secret_audience,
            token_type=None,
            leeway=_CLOCKS_MAY_DIFFER,
        )
