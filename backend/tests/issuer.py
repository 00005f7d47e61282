"""A token issuer on a real loopback socket: it publishes keys and signs as Better Auth does.

It knows nothing of the app. It serves from a thread of its own, so it suits synchronous and asynchronous tests alike.
"""

import hashlib
import hmac
import json
import secrets
import socketserver
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Self

from joserfc.jwa import JWS_ALGORITHMS
from joserfc.jwk import ECKey, OKPKey, RSAKey

JWKS_PATH = "/api/auth/jwks"
MOVED_PATH = "/moved/jwks"
LIFETIME = 900
ALGORITHMS = ("EdDSA", "ES256", "ES512", "RS256", "PS256")

Content = Mapping[str, object] | bytes
Sign = Callable[[bytes], bytes]

_SIGNERS = {algorithm.name: algorithm for algorithm in JWS_ALGORITHMS}
_SIGNERS["EdDSA"] = _SIGNERS["Ed25519"]


@dataclass(frozen=True)
class SigningKey:
    """A private key with the id and the algorithm that it is published under."""

    id: str
    algorithm: str
    material: OKPKey | ECKey | RSAKey

    def sign(self, signed: bytes) -> bytes:
        """Sign as the algorithm says."""
        return _SIGNERS[self.algorithm].sign(signed, self.material)

    def published(self) -> dict[str, object]:
        """Give the public key as Better Auth's key set shows it."""
        return {"alg": self.algorithm, **self.material.as_dict(private=False), "kid": self.id}


@cache
def rsa_material(bits: int = 2048) -> RSAKey:
    """Give the RSA key of this process, which is slow to make."""
    return RSAKey.generate_key(bits)


def make_key(algorithm: str) -> SigningKey:
    """Make a key of one of `ALGORITHMS`, with a random id; those of RSA share their numbers."""
    makers: dict[str, Callable[[], OKPKey | ECKey | RSAKey]] = {
        "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
        "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
        "ES256": lambda: ECKey.generate_key("P-256"),
        "ES512": lambda: ECKey.generate_key("P-521"),
        "RS256": rsa_material,
        "PS256": rsa_material,
    }
    return SigningKey(secrets.token_urlsafe(24), algorithm, makers[algorithm]())


def craft(header: Content, claims: Content, sign: Sign = lambda _: b"") -> str:
    """Put any header and claims, as objects or as raw bytes, into a token with any signature."""
    signed = b".".join(
        _segment(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, claims)
    )
    return (signed + b"." + _segment(sign(signed))).decode()


def hs256(secret: bytes) -> Sign:
    """Give the HS256 signature of a secret, without the safeguards of a library."""
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


def _segment(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@dataclass(frozen=True)
class Answer:
    """What the issuer says instead of its key set."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


FAULTS = {
    "error": Answer(500, b'{"message":"it broke"}'),
    "too many requests": Answer(429, b'{"message":"Too many requests"}', {"x-retry-after": "10"}),
    "garbage": Answer(body=b"<html>\xff not JSON"),
    "nothing": Answer(),
    "no keys": Answer(body=b'{"keys":[]}'),
    "keys not a list": Answer(body=b'{"keys":{}}'),
    "not an object": Answer(body=b"[]"),
    "nested": Answer(body=b'{"keys":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "huge": Answer(body=b'{"keys":[' + b" " * (8 * 1024 * 1024) + b"]}"),
    "redirect": Answer(302, headers={"location": MOVED_PATH}),
    "symmetric": Answer(
        body=b'{"keys":[{"kty":"oct","kid":"shared","alg":"HS256","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ"}]}'
    ),
}


class Issuer:
    """Serves its keys at `JWKS_PATH` between `start` and `stop`, always on the same port, and signs tokens.

    Attributes:
        keys: the published keys; change it freely.
        signing_key: signs the tokens for which no key is named.
        requests: how many requests of any kind were answered.
        fault: an answer to give in place of the key set, or None.
        delay: seconds to wait before every answer.
        pace: seconds to wait before every single byte of a body.
    """

    def __init__(self) -> None:
        self.keys = [make_key("EdDSA"), make_key("ES256"), make_key("RS256")]
        self.signing_key = self.keys[0]
        self.requests = 0
        self.fault: Answer | None = None
        self.delay = 0.0
        self.pace = 0.0
        self._port = 0
        self._server: _Server | None = None

    @property
    def origin(self) -> str:
        """The base URL, which is the `iss` and the `aud` of its tokens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def jwks_url(self) -> str:
        """The address of its key set."""
        return self.origin + JWKS_PATH

    def start(self) -> None:
        """Listen; the first time on a free port, later on that same one."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def stop(self) -> None:
        """Stop listening and cut waiting answers short; harmless when stopped already."""
        if self._server is not None:
            self._server.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def rotate(self, algorithm: str = "EdDSA") -> SigningKey:
        """Sign with a new key from now on; the old ones stay published until `withdraw`."""
        self.signing_key = make_key(algorithm)
        self.keys.append(self.signing_key)
        return self.signing_key

    def withdraw(self, key: SigningKey) -> None:
        """Stop publishing a key."""
        self.keys.remove(key)

    def key_of(self, algorithm: str) -> SigningKey:
        """Give the published key of an algorithm, making it when there is none."""
        found = next((key for key in self.keys if key.algorithm == algorithm), None)
        if found is None:
            found = make_key(algorithm)
            self.keys.append(found)
        return found

    def key_set(self) -> bytes:
        """Give the body of an honest answer."""
        return json.dumps({"keys": [key.published() for key in self.keys]}).encode()

    def claims(
        self, *, now: datetime | None = None, subject: str = "TIO1HkRIOJK5DVlo6nglBRwDFQFQODT0"
    ) -> dict[str, object]:
        """Give the claims that Better Auth puts into a token by default."""
        issued_at = int((now or datetime.now(UTC)).timestamp())
        made = "2026-11-20T23:18:53.381Z"
        profile = {
            "name": "Ada",
            "email": "ada@example.com",
            "emailVerified": False,
            "image": None,
            "createdAt": made,
            "updatedAt": made,
        }
        named = {"id": subject, "sub": subject, "iss": self.origin, "aud": self.origin}
        return {"iat": issued_at, **profile, **named, "exp": issued_at + LIFETIME}

    def token(
        self,
        key: SigningKey | None = None,
        *,
        now: datetime | None = None,
        header: Mapping[str, object] | None = None,
        without: Sequence[str] = (),
        **claims: object,
    ) -> str:
        """Sign a token as Better Auth does.

        Args:
            key: signs it; the current signing key when None.
            now: when it is issued.
            header: additions and changes to the header.
            without: claims to leave out.
            **claims: additions and changes to the claims.
        """
        signer = key or self.signing_key
        content = {
            name: value for name, value in (self.claims(now=now) | claims).items() if name not in without
        }
        return craft({"alg": signer.algorithm, "kid": signer.id, **(header or {})}, content, signer.sign)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], issuer: Issuer) -> None:
        super().__init__(address, _Handler)
        self.issuer = issuer
        self.stopping = threading.Event()
        self.counting = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        with self.server.counting:
            self.server.issuer.requests += 1
        self.server.stopping.wait(self.server.issuer.delay)
        answer = self._choose()
        with suppress(ConnectionError):  # A client that had enough is not this thread's concern.
            self.send_response(answer.status)
            for name, value in {
                "content-type": "application/json",
                "content-length": str(len(answer.body)),
                **answer.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in self._pieces(answer.body):
                self.wfile.write(piece)

    def _pieces(self, body: bytes) -> Iterator[bytes]:
        pace = self.server.issuer.pace
        for start in range(0, len(body), 1 if pace else len(body) or 1):
            self.server.stopping.wait(pace)
            yield body[start : start + 1] if pace else body

    def _choose(self) -> Answer:
        issuer = self.server.issuer
        if self.path == JWKS_PATH and issuer.fault is not None:
            return issuer.fault
        return Answer(body=issuer.key_set()) if self.path in {JWKS_PATH, MOVED_PATH} else Answer(404)

    def log_message(self, *_: object, **__: object) -> None:
        """Say nothing."""
