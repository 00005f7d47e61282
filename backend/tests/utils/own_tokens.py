"""Our own tokens and a verifier of them, and how one judges a token; it proves nothing by itself."""

import secrets
from datetime import UTC, datetime, timedelta

from app.utils.jwt import InvalidToken, SecretVerifier, TokenVerifiers, Verifier

SECRET = secrets.token_urlsafe(48)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOMENT = int(NOW.timestamp())
LEEWAY = timedelta(seconds=30)
OWN: dict[str, object] = {
    "iss": "agendum",
    "aud": "agendum-api",
    "sub": "ada",
    "iat": MOMENT,
    "exp": MOMENT + 900,
}
HEADER = {"alg": "HS256", "typ": "at+jwt"}


def own_verifier() -> SecretVerifier:
    """Make the verifier of our own tokens."""
    return SecretVerifier(SECRET, issuer="agendum", audience="agendum-api", token_type="at+jwt")


async def accepts(verifier: Verifier | TokenVerifiers, token: str, now: datetime = NOW) -> bool:
    """Tell whether a token is accepted; a refusal must quote nothing of it."""
    refusal = ""
    try:
        await verifier.verify(token, now=now)
    except InvalidToken as exc:
        refusal = str(exc)
    assert not any(part in refusal for part in token.split(".") if len(part) > 4)
    return not refusal
