"""Signed tokens (RFC 7519): signing our own and verifying those of trusted issuers.

Nothing in a token is believed before its signature, except the choice among the verifiers and keys that were configured.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import orjson
from joserfc import jwt
from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode

from app.utils.jwks import ALGORITHMS, Key, RemoteKeySet, UnknownKey

MAX_TOKEN_LENGTH = 8 * 1024
MAX_SUBJECT_LENGTH = 255

_LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HS256 = next(algorithm for algorithm in JWS_ALGORITHMS if algorithm.name == "HS256")


class InvalidToken(Exception):
    """The token is not acceptable; the text says why and holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says; `expires_at` is aware, in UTC."""

    issuer: str
    subject: str
    expires_at: datetime
    content: Mapping[str, object]


class Verifier(Protocol):
    """Verifies the tokens of one issuer; `issuer` is the `iss` that they carry."""

    issuer: str

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims, or raise InvalidToken."""
        ...


def sign_token(secret: str, *, claims: Mapping[str, object], token_type: str) -> str:
    """Sign claims with HS256; `token_type` becomes the header's `typ`."""
    # Spec: features/auth.md#AUTH-004
    return jwt.encode({"alg": "HS256", "typ": token_type}, dict(claims), OctKey.import_key(secret), algorithms=["HS256"])


class SecretVerifier:
    """Verifies HS256 tokens under a shared secret; `exp`, `sub` and `iss` are required."""

    def __init__(self, secret: str, *, issuer: str, audience: str | None, token_type: str | None, leeway: timedelta = timedelta(0)) -> None:
        """Prepare the key.

        Args:
            secret: the shared secret; how strong it must be is the caller's policy.
            issuer: the exact `iss`.
            audience: what `aud` must be or contain; None: the token must have none (RFC 7519 section 4.1.3).
            token_type: the exact `typ`; None: it must be absent or "JWT".
            leeway: how far the issuer's clock may be off.
        """
        self.issuer = issuer
        self._key = Key(("HS256",), _HS256, OctKey.import_key(secret))
        self._rules = _Rules(issuer=issuer, audience=audience, token_type=token_type, leeway=leeway)

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims.

        Raises:
            InvalidToken: it is not acceptable, in any way.
        """
        # Spec: features/auth.md#AUTH-004
        # Spec: features/auth.md#AUTH-007
        parts = _split(token)
        self._rules.check_header(parts.header)
        return self._rules.check_claims(_open(parts, self._key), now=now)


class KeySetVerifier:
    """Verifies tokens by their issuer's published keys; `exp`, `iat`, `sub`, `iss` and `aud` are required."""

    def __init__(self, keys: RemoteKeySet, *, issuer: str, audience: str, leeway: timedelta) -> None:
        """Prepare, without fetching anything yet.

        Args:
            keys: where the issuer publishes its keys; closed by its owner.
            issuer: the exact `iss`.
            audience: what `aud` must be or contain. One issuer signs many kinds of token, so it is never optional.
            leeway: how far the issuer's clock may be off.
        """
        self.issuer = issuer
        self._keys = keys
        self._rules = _Rules(issuer=issuer, audience=audience, token_type=None, leeway=leeway, required_times=("iat",))

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims.

        Raises:
            InvalidToken: it is not acceptable, in any way.
            KeysUnavailable: the issuer never gave its keys, so the token cannot be judged.
        """
        # Spec: features/auth.md#AUTH-005
        parts = _split(token)
        self._rules.check_header(parts.header)
        key = await self._find_key(parts.header)
        return self._rules.check_claims(_open(parts, key), now=now)

    async def _find_key(self, header: Mapping[str, object]) -> Key:
        key_id = header.get("kid")
        # The algorithm is looked at here so that a token that no key could serve costs no fetch.
        if not isinstance(key_id, str) or header.get("alg") not in tuple(ALGORITHMS):
            raise InvalidToken("The token names no key, or an algorithm that is not allowed.")
        try:
            return await self._keys.get(key_id)
        except UnknownKey:
            raise InvalidToken("The token names a key that its issuer does not publish.") from None


class TokenVerifiers:
    """Verifies a token by the one verifier that is configured for its issuer."""

    def __init__(self, verifiers: Sequence[Verifier]) -> None:
        """Take the verifiers.

        Raises:
            ValueError: two of them share an issuer, so the choice would be ambiguous.
        """
        self._by_issuer = {verifier.issuer: verifier for verifier in verifiers}
        if len(self._by_issuer) != len(verifiers):
            raise ValueError("two verifiers have the same issuer")

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims.

        Raises:
            InvalidToken: it is not acceptable, in any way.
            KeysUnavailable: its issuer never gave its keys, so the token cannot be judged.
        """
        # Spec: features/auth.md#AUTH-008
        issuer = _read_object(_split(token).payload).get("iss")
        if not isinstance(issuer, str) or issuer not in self._by_issuer:
            raise InvalidToken("The token's issuer is not trusted.")
        return await self._by_issuer[issuer].verify(token, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    issuer: str
    audience: str | None
    token_type: str | None
    leeway: timedelta
    required_times: tuple[str, ...] = ()

    def check_header(self, header: Mapping[str, object]) -> None:
        if "crit" in header:
            raise InvalidToken("The token demands an extension.")
        stated = header.get("typ") if self.token_type else header.get("typ", "JWT")
        if stated != (self.token_type or "JWT"):
            raise InvalidToken("The token is of another type.")

    def check_claims(self, content: Mapping[str, object], *, now: datetime) -> Claims:
        if content.get("iss") != self.issuer:
            raise InvalidToken("The token is from another issuer.")
        if not self._is_addressed(content):
            raise InvalidToken("The token is for another audience.")
        expires = _read_time(content, "exp")
        moment, leeway = now.timestamp(), self.leeway.total_seconds()
        if moment >= expires + leeway:
            raise InvalidToken("The token has expired.")
        for name in ("iat", "nbf"):
            if (name in content or name in self.required_times) and _read_time(content, name) > moment + leeway:
                raise InvalidToken("The token is not valid yet.")
        return Claims(self.issuer, _read_subject(content), datetime.fromtimestamp(expires, UTC), content)

    def _is_addressed(self, content: Mapping[str, object]) -> bool:
        if self.audience is None:
            return "aud" not in content
        stated = content.get("aud")
        audiences = stated if isinstance(stated, list) else [stated]
        return all(isinstance(audience, str) for audience in audiences) and self.audience in audiences


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Mapping[str, object]
    payload: bytes
    signature: bytes
    signed: bytes


def _split(token: str) -> _Parts:
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("The token is too long.")
    try:
        header, payload, signature = token.encode("ascii").split(b".")
        decoded = [urlsafe_b64decode(part) for part in (header, payload, signature)]
    except ValueError:
        raise InvalidToken("The token is malformed.") from None
    return _Parts(_read_object(decoded[0]), decoded[1], decoded[2], header + b"." + payload)


def _open(parts: _Parts, key: Key) -> Mapping[str, object]:
    if parts.header.get("alg") not in key.names:
        raise InvalidToken("The token's algorithm is not that of its key.")
    if not key.verifies(parts.signed, parts.signature):
        raise InvalidToken("The token's signature is wrong.")
    return _read_object(parts.payload)


def _read_object(text: bytes) -> Mapping[str, object]:
    # orjson bounds the depth and refuses NaN, infinity and lone surrogates, always with a ValueError.
    try:
        value = orjson.loads(text)
    except ValueError:
        raise InvalidToken("The token is malformed.") from None
    if not isinstance(value, dict):
        raise InvalidToken("The token is malformed.")
    return value


def _read_time(content: Mapping[str, object], name: str) -> float:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise InvalidToken(f"The token's {name} is missing or is not a time.")
    return value


def _read_subject(content: Mapping[str, object]) -> str:
    subject = content.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH or _UNPRINTABLE.search(subject):
        raise InvalidToken("The token's subject is missing or is not acceptable.")
    return subject
