"""Signed tokens (RFC 7519): signing our own and verifying those of trusted issuers.

Nothing in a token is believed before its signature, except the choice among the configured verifiers and keys.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OctKey
from joserfc.jws import CompactSignature, extract_compact

from app.utils.claims import ClaimRules, Claims
from app.utils.issuers import spelled_otherwise
from app.utils.jwks import ALGORITHMS, Key, RemoteKeySet, SignatureRules, UnknownKey

MAX_TOKEN_LENGTH = 8 * 1024


class InvalidToken(Exception):
    """The token is not acceptable.

    The text says why, for who runs the service. It holds nothing of the token but an issuer that is configured in
    another spelling.
    """


def sign_token(secret: str, *, claims: Mapping[str, object], token_type: str) -> str:
    """Sign claims with HS256; `token_type` becomes the header's `typ`."""
    # Spec: features/auth.md#AUTH-004
    header = {"alg": "HS256", "typ": token_type}
    return jwt.encode(header, dict(claims), OctKey.import_key(secret), algorithms=["HS256"])


@dataclass(frozen=True, slots=True)
class AnyKey:
    """Several verification keys, of which each one will do."""

    keys: tuple[Key, ...]

    def verifies(self, token: CompactSignature) -> bool:
        """Tell whether the signature of a token is one of these keys'.

        Raises:
            JoseError: The token's header names another algorithm, or is wrong.
        """
        return any(key.verifies(token) for key in self.keys)


class Verifier(ABC):
    """Verifies the tokens of one issuer, each kind of verifier by keys of its own."""

    def __init__(self, issuer: str, token_type: str | None, rules: partial[ClaimRules]) -> None:
        self.issuer = issuer
        self._type = token_type
        self._rules = rules

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims.

        Raises:
            InvalidToken: It is not acceptable, in any way.
            KeysUnavailable: The issuer never gave its keys, so the token cannot be judged.
        """
        read = _read(token)
        header = read.headers()
        if header.get("typ", None if self._type else "JWT") != (self._type or "JWT"):
            raise InvalidToken(f"The type is not {self._type or 'JWT'}")
        content = _verified(read, await self._find_key(header), self._rules(now))
        return Claims(self.issuer, content["sub"], datetime.fromtimestamp(content["exp"], UTC), content)

    @abstractmethod
    async def _find_key(self, header: Mapping[str, object]) -> Key | AnyKey: ...


class SecretVerifier(Verifier):
    """Verifies HS256 tokens under a shared secret; how strong it must be is the caller's policy.

    Args:
        secret: The shared secret.
        older: Secrets that have signed before it, and whose signatures stay good.
        issuer: The exact `iss`.
        audience: What `aud` must be or contain; None: the token must have none.
        token_type: The exact `typ`; None: it must be absent or "JWT".
        leeway: How far the issuer's clock may be off.
    """

    # Spec: features/auth.md#AUTH-004 features/auth.md#AUTH-007
    def __init__(
        self,
        secret: str,
        *,
        issuer: str,
        audience: str | None,
        token_type: str | None,
        older: Iterable[str] = (),
        leeway: timedelta = timedelta(0),
    ) -> None:
        rules = partial(ClaimRules, issuer=issuer, audience=audience, leeway=leeway)
        super().__init__(issuer, token_type, rules)
        # Spec: features/sessions.md#SESSION-030
        self._key = AnyKey(tuple(Key(("HS256",), OctKey.import_key(one)) for one in (secret, *older)))

    async def _find_key(self, _header: Mapping[str, object]) -> AnyKey:
        return self._key


class KeySetVerifier(Verifier):
    """Verifies tokens by their issuer's published keys, of which none is fetched before it is needed.

    `iat` is required.

    Args:
        keys: Where the issuer publishes its keys; closed by its owner.
        issuer: The exact `iss`.
        audience: What `aud` must be or contain. One issuer signs many kinds of token, so it is never optional.
        leeway: How far the issuer's clock may be off.
    """

    # Spec: features/auth.md#AUTH-005
    def __init__(self, keys: RemoteKeySet, *, issuer: str, audience: str, leeway: timedelta) -> None:
        rules = partial(ClaimRules, issuer=issuer, audience=audience, leeway=leeway, required=("iat",))
        super().__init__(issuer, None, rules)
        self._keys = keys

    async def _find_key(self, header: Mapping[str, object]) -> Key:
        key_id = header.get("kid")
        # The algorithm is looked at here so that a token that no key could serve costs no fetch.
        if not isinstance(key_id, str) or header.get("alg") not in tuple(ALGORITHMS):
            raise InvalidToken("No key is named, or the algorithm is not allowed")
        try:
            return await self._keys.get(key_id)
        except UnknownKey:
            raise InvalidToken("The issuer does not publish the key that is named") from None


class TokenVerifiers:
    """Verifies a token by the one verifier that is configured for its issuer.

    Raises:
        ValueError: Two of them share an issuer, so the choice would be ambiguous.
    """

    def __init__(self, verifiers: Sequence[Verifier]) -> None:
        self._by_issuer = {verifier.issuer: verifier for verifier in verifiers}
        if len(self._by_issuer) != len(verifiers):
            raise ValueError("two verifiers have the same issuer")

    async def verify(self, token: str, *, now: datetime) -> Claims:
        """Give the token's claims.

        Raises:
            InvalidToken: It is not acceptable, in any way.
            KeysUnavailable: Its issuer never gave its keys, so the token cannot be judged.
        """
        # Spec: features/auth.md#AUTH-008
        issuer = _content(_read(token)).get("iss")
        if not isinstance(issuer, str) or issuer not in self._by_issuer:
            raise InvalidToken(self._foreign(issuer))
        return await self._by_issuer[issuer].verify(token, now=now)

    def _foreign(self, issuer: object) -> str:
        # Spec: features/auth.md#AUTH-011
        if isinstance(issuer, str) and (meant := spelled_otherwise(issuer, self._by_issuer)):
            return f"The issuer is configured in another spelling: the token says {issuer}, and configured is {meant}"
        return f"The issuer is not configured; configured are {', '.join(self._by_issuer)}"


def _read(token: str) -> CompactSignature:
    """Take a token apart, without believing anything of it."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("It is too long")
    try:
        read = extract_compact(token.encode("ascii"), registry=SignatureRules())
        # The library takes any JSON for a header, until it looks something up in it.
        demanding = "crit" in read.headers().keys()  # noqa: SIM118 (a text has no keys)
    except (JoseError, ValueError, TypeError, AttributeError):
        raise InvalidToken("It is malformed") from None
    if demanding:
        raise InvalidToken("It demands an extension")
    return read


def _verified(read: CompactSignature, key: Key | AnyKey, rules: ClaimRules) -> dict[str, Any]:
    try:
        if not key.verifies(read):
            raise InvalidToken("The signature does not match")
        rules.validate(content := _content(read))
    except UnsupportedAlgorithmError:
        raise InvalidToken("The algorithm is not that of the key") from None
    except JoseError as error:
        raise InvalidToken(error.description) from None
    return content


def _content(read: CompactSignature) -> dict[str, Any]:
    # orjson bounds the depth and refuses NaN, infinity and lone surrogates, always with a ValueError.
    try:
        content = orjson.loads(read.payload)
    except ValueError:
        raise InvalidToken("It is malformed") from None
    if not isinstance(content, dict):
        raise InvalidToken("It is malformed")
    return content
