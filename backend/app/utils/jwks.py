"""The public keys that a token issuer publishes (RFC 7517), fetched over HTTP and kept fresh off the request path.

No symmetric and no private key comes in this way, and a key is bound to its one algorithm before any token is seen.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx2
import orjson
from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.jwa import JWS_ALGORITHMS, JWSAlgModel
from joserfc.jws import CompactSignature, JWSRegistry, validate_compact
from joserfc.util import to_bytes, urlsafe_b64decode

from app.utils.metrics import Metrics

MAX_KEY_SET_BYTES = 256 * 1024
# Seconds for which a set that is too old serves while it is refreshed; then whoever comes waits for the new one.
_LONGEST_WITHDRAWN = 60.0

logger = logging.getLogger(__name__)


class UnknownKey(Exception):
    """The issuer publishes no usable key with this id."""


class KeysUnavailable(Exception):
    """No key set was ever had and the issuer does not answer."""


_BY_NAME: Mapping[str, JWSAlgModel] = {algorithm.name: algorithm for algorithm in JWS_ALGORITHMS}
# joserfc warns about "EdDSA", the older name; its "Ed25519" is the same signature (RFC 9864), without a warning.
ALGORITHMS: Mapping[str, JWSAlgModel] = {
    "EdDSA": _BY_NAME["Ed25519"],
    **{name: _BY_NAME[name] for name in ("Ed25519", "ES256", "ES512", "RS256", "PS256")},
}


class SignatureRules(JWSRegistry):
    """Which algorithms there are, by each of their names, and how long a signature may be.

    The longest is that of RSA with 8192 bits.
    """

    algorithms = {**ALGORITHMS, "HS256": _BY_NAME["HS256"]}  # noqa: RUF012 (the library's attribute, never changed)
    max_signature_length = 1366


@dataclass(frozen=True, slots=True)
class Key:
    """A verification key, and the names by which a token may call the only algorithm that it may serve."""

    names: tuple[str, ...]
    material: jwk.Key

    def verifies(self, token: CompactSignature) -> bool:
        """Tell whether the signature of a token is this key's.

        Raises:
            JoseError: The token's header names another algorithm, or is wrong.
        """
        # Parameters that are not known are passed over (RFC 7515, section 4).
        return validate_compact(
            token, self.material, registry=SignatureRules(None, self.names, strict_check_header=False)
        )


_IMPLIED = {
    ("OKP", "Ed25519"): "Ed25519",
    ("EC", "P-256"): "ES256",
    ("EC", "P-521"): "ES512",
    ("RSA", None): "RS256",
}
_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS = range(2048, 8192 + 1)


def parse_key_set(body: bytes) -> dict[str, Key]:
    """Read a JWK set, leaving out the keys that cannot be used (RFC 7517 section 5).

    Returns:
        The usable keys by their id, never empty; the first one wins where two share an id.

    Raises:
        ValueError: it is no key set, or none of its keys can be used.
    """
    document = orjson.loads(body)
    entries = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, Key] = {}
    for entry in entries if isinstance(entries, list) else ():
        if (key := _usable_key(entry)) is not None:
            found.setdefault(entry["kid"], key)
    if not found:
        raise ValueError("it is not a key set with a usable key")
    return found


def _usable_key(entry: object) -> Key | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or _PRIVATE_PARTS & entry.keys():
        return None
    try:
        return _import_key(entry)
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _import_key(entry: dict[str, str | list[str]]) -> Key:
    name = entry["alg"] if "alg" in entry else _IMPLIED[entry["kty"], entry.get("crv")]  # type: ignore[index]
    algorithm = ALGORITHMS[name]  # type: ignore[index]
    # Checked before the import, which only warns about a short modulus.
    if entry["kty"] == "RSA" and _modulus_bits(entry) not in _RSA_BITS:
        raise ValueError("the modulus is too short or too long")
    material = jwk.import_key({**entry, "alg": algorithm.name})
    algorithm.check_key(material)
    material.check_key_op("verify")
    return Key(tuple(known for known, its in ALGORITHMS.items() if its is algorithm), material)


def _modulus_bits(entry: dict[str, str | list[str]]) -> int:
    return int.from_bytes(urlsafe_b64decode(to_bytes(entry["n"]))).bit_length()


class RemoteKeySet:
    """An issuer's keys, fetched once for all who wait; the last good set stays in use while the issuer is away.

    It belongs to one event loop. Durations are in seconds.
    """

    def __init__(
        self,
        url: str,
        client: httpx2.AsyncClient,
        *,
        max_age: float = 600.0,
        cooldown: float = 30.0,
        first_retry: float = 1.0,
        timeout: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        metrics: Metrics | None = None,
    ) -> None:
        """Prepare, without fetching anything yet.

        Args:
            url: where the key set is published.
            client: shared with others, and closed by its owner.
            max_age: an older set is refreshed when it is next used, for a minute in the background.
            cooldown: rest after a fetch, failed or not, once a set is held.
            first_retry: rest after a failed fetch while no set was ever held.
            timeout: for a whole fetch, connecting and reading included.
            clock: monotonic time.
            metrics: where fetches are counted.
        """
        self._url = httpx2.URL(url)
        self._client = client
        self._max_age = max_age
        self._cooldown = cooldown
        self._first_retry = first_retry
        self._timeout = timeout
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._keys: Mapping[str, Key] = {}
        self._stale_at = -math.inf
        self._next_fetch_at = -math.inf
        self._flight: asyncio.Task[None] | None = None

    async def get(self, key_id: str) -> Key:
        """Give the key with this id, after a fetch if it is not known and one is due.

        Raises:
            UnknownKey: the newest set that could be had does not hold it.
            KeysUnavailable: no set could ever be had.
        """
        # Spec: features/auth.md#AUTH-006
        age = self._clock() - self._stale_at
        if key_id in self._keys and age < _LONGEST_WITHDRAWN:
            if age >= 0:
                self._fetch_if_due()
            return self._keys[key_id]
        if (flight := self._fetch_if_due()) is not None:
            # Unlike awaiting the task, a waiter that is cancelled here leaves it running.
            await asyncio.wait({flight})
        if not self._keys:
            raise KeysUnavailable("The token issuer's keys cannot be had.")
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKey("The token issuer publishes no such key.") from None

    async def close(self) -> None:
        """Stop a running fetch and begin no other; the keys at hand stay usable."""
        self._next_fetch_at = math.inf
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    def _fetch_if_due(self) -> asyncio.Task[None] | None:
        if self._flight is None and self._clock() >= self._next_fetch_at:
            self._flight = asyncio.create_task(self._refresh())
            self._flight.add_done_callback(self._land)
        return self._flight

    def _land(self, _: asyncio.Task[None]) -> None:
        self._flight = None
        rest = self._cooldown if self._keys else self._first_retry
        self._next_fetch_at = max(self._next_fetch_at, self._clock() + rest)

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                keys = parse_key_set(await self._download())
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            logger.warning(
                "The key set of %s could not be fetched: %s: %s", self._url.host, type(error).__name__, error
            )
            self._metrics.count_key_fetch(succeeded=False)
            return
        self._metrics.count_key_fetch(succeeded=True)
        self._keys = keys
        self._stale_at = self._clock() + self._max_age

    async def _download(self) -> bytes:
        # Uncompressed and raw, so that the limit counts what is held in memory.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._client.stream("GET", self._url, headers=headers, follow_redirects=False) as response:
            if response.status_code != httpx2.codes.OK:
                raise ValueError(f"the answer is {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_KEY_SET_BYTES:
                    raise ValueError("the answer is too large")
            return bytes(body)
