"""A token issuer on a real loopback socket that publishes keys and signs as Better Auth does, and forges as attackers do.

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
    signed = b".".join(_segment(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, claims))
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
    "symmetric": Answer(body=b'{"keys":[{"kty":"oct","kid":"shared","alg":"HS256","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ"}]}'),
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
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

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

    def claims(self, *, now: datetime | None = None, subject: str = "TIO1HkRIOJK5DVlo6nglBRwDFQFQODT0") -> dict[str, object]:
        """Give the claims that Better Auth puts into a token by default."""
        issued_at = int((now or datetime.now(UTC)).timestamp())
        made = "2026-11-20T23:18:53.381Z"
        profile = {"name": "Ada", "email": "ada@example.com", "emailVerified": False, "image": None, "createdAt": made, "updatedAt": made}
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
        content = {name: value for name, value in (self.claims(now=now) | claims).items() if name not in without}
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
            for name, value in {"content-type": "application/json", "content-length": str(len(answer.body)), **answer.headers}.items():
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


Forgery = Callable[[Issuer], str]


def _signed(header: Content | None = None, claims: Content | None = None) -> Forgery:
    """Sign well, with changes to the header and the claims, or with any bytes in their place."""

    def forge(issuer: Issuer) -> str:
        key = issuer.signing_key
        honest: dict[str, object] = {"alg": key.algorithm, "kid": key.id}
        return craft(
            header if isinstance(header, bytes) else honest | dict(header or {}),
            claims if isinstance(claims, bytes) else issuer.claims() | dict(claims or {}),
            key.sign,
        )

    return forge


def _with_raw(name: str, value: str) -> Forgery:
    """Sign claims in which one has any text for its value, be it JSON or not."""
    return lambda issuer: _signed(claims=json.dumps(issuer.claims() | {name: "@@"}).replace('"@@"', value).encode())(issuer)


def _without(name: str) -> Forgery:
    return lambda issuer: issuer.token(without=[name])


def _unsigned(name: str) -> Forgery:
    return lambda issuer: craft({"alg": name, "kid": issuer.signing_key.id}, issuer.claims())


def _confused(secret_of: Callable[[SigningKey], bytes], algorithm: str) -> Forgery:
    def forge(issuer: Issuer) -> str:
        key = issuer.key_of(algorithm)
        return craft({"alg": "HS256", "kid": key.id}, issuer.claims(), hs256(secret_of(key)))

    return forge


def _by_stranger(header: Callable[[Issuer, SigningKey], Mapping[str, object]]) -> Forgery:
    def forge(issuer: Issuer) -> str:
        stranger = make_key("EdDSA")
        return craft({"alg": "EdDSA", "kid": issuer.signing_key.id, **header(issuer, stranger)}, issuer.claims(), stranger.sign)

    return forge


def _text(text: str) -> Forgery:
    return lambda _: text


def _seconds(difference: int) -> int:
    return int(datetime.now(UTC).timestamp()) + difference


_DEEP = b"[" * 2000 + b"]" * 2000
_HOUR = 3600
_NAMES: tuple[object, ...] = (None, 5, [], {}, ["EdDSA"])
_KIDS: tuple[object, ...] = (None, 5, [], "", "../../etc/passwd", "' or 1=1 --", "http://127.0.0.1:1/key", "k" * 5000, "k\0")
_TYPES: tuple[object, ...] = ("at+jwt", "logout+jwt", "better-auth.session-cache+jwt", "jwt", "", None, ["JWT"])
_CRITS: tuple[object, ...] = ([{}], "b64", 5, {"b64": 1}, ["typ"])
_AUDIENCES: tuple[object, ...] = ("better-auth:session-cache", ["https://a.example", "https://b.example"], [], None, 5, {}, "")
_TIMES = ("true", "null", '"4102444800"', "[4102444800]", "{}", "NaN", "Infinity", "1e999", "1e300", "9" * 400, "9" * 5000, "-1")
_SUBJECTS = ("5", "null", "[]", '""', '"a\\u0000b"', '"a\\nb"', '"\\u0085"', '"\\ud800"', '"' + "s" * 256 + '"')
# Names of attacks, each with what forges it; all are acceptable in every other respect, at the current time.
HOSTILE: dict[str, Forgery] = {
    **{f"alg {name}": _unsigned(name) for name in ("none", "None", "nOnE", "NONE", "", "HS256", "HS512", "ES384", "RS1")},
    **{f"HS256 by the public PEM of {name}": _confused(lambda key: key.material.as_pem(), name) for name in ALGORITHMS},
    **{f"HS256 by the public DER of {name}": _confused(lambda key: key.material.as_der(), name) for name in ALGORITHMS},
    **{f"HS256 by the JWK of {name}": _confused(lambda key: json.dumps(key.published()).encode(), name) for name in ALGORITHMS},
    "HS256 by nothing": _confused(lambda _: b"", "EdDSA"),
    "another's signature": _by_stranger(lambda *_: {}),
    "embedded jwk": _by_stranger(lambda _, stranger: {"jwk": stranger.published()}),
    "embedded jwk without kid": _by_stranger(lambda _, stranger: {"jwk": stranger.published(), "kid": None}),
    "jku": _by_stranger(lambda issuer, _: {"jku": issuer.origin + "/stolen"}),
    "x5u": _by_stranger(lambda issuer, _: {"x5u": issuer.origin + "/stolen"}),
    "x5c": _by_stranger(lambda *_: {"x5c": ["MIIB"]}),
    "no signature": lambda issuer: issuer.token().rpartition(".")[0] + ".",
    "short signature": lambda issuer: issuer.token()[:-8],
    "PS256 under an RS256 key": lambda issuer: craft(
        {"alg": "PS256", "kid": issuer.key_of("RS256").id}, issuer.claims(), issuer.key_of("PS256").sign
    ),
    "no alg": lambda issuer: craft({"kid": issuer.signing_key.id}, issuer.claims(), issuer.signing_key.sign),
    **{f"alg {value!r}": _signed(header={"alg": value}) for value in _NAMES},
    **{f"kid {str(value)[:30]}": _signed(header={"kid": value}) for value in _KIDS},
    "crit": _signed(header={"crit": ["exp"]}),
    "crit b64": _signed(header={"crit": ["b64"], "b64": True}),
    "crit null": _signed(header={"crit": None}),
    **{f"typ {value}": _signed(header={"typ": value}) for value in _TYPES},
    "another issuer": _signed(claims={"iss": "https://issuer.example"}),
    "longer issuer": lambda issuer: issuer.token(iss=issuer.origin + "/"),
    "shorter issuer": lambda issuer: issuer.token(iss=issuer.origin[:-1]),
    "issuer list": lambda issuer: issuer.token(iss=[issuer.origin]),
    **{f"aud {value}": _signed(claims={"aud": value}) for value in _AUDIENCES},
    "aud list with a number": lambda issuer: issuer.token(aud=[issuer.origin, 5]),
    "longer aud": lambda issuer: issuer.token(aud=issuer.origin + "0"),
    **{f"without {name}": _without(name) for name in ("exp", "iat", "sub", "iss", "aud")},
    "expired": lambda issuer: issuer.token(exp=_seconds(-_HOUR)),
    "iat in the future": lambda issuer: issuer.token(iat=_seconds(_HOUR)),
    "nbf in the future": lambda issuer: issuer.token(nbf=_seconds(_HOUR)),
    **{f"{name} {value[:12]} {len(value)}": _with_raw(name, value) for name in ("exp", "iat", "nbf") for value in _TIMES},
    **{f"sub {value[:12]}": _with_raw("sub", value) for value in _SUBJECTS},
    "oversized": _signed(claims={"padding": "x" * 9000}),
    **{f"text {text!r}": _text(text) for text in ("", ".", "..", "...", "a.b.c", "a.b", "none", "ü.ü.ü", "\ud800..")},
    "four parts": lambda issuer: issuer.token() + ".e30",
    "padded": lambda issuer: issuer.token() + "==",
    "line break": lambda issuer: issuer.token() + "\n",
    "wrong alphabet": lambda issuer: "+/" + issuer.token()[2:],
    **{f"header {text!r}": _signed(header=text) for text in (b"[]", b"null", b"{", b"", b"\xff\xfe")},
    # Texts and lists that hold what is looked for in an object.
    **{f"header {text!r}": _signed(header=text) for text in (b'["alg","b64","crit","kid"]', b'"alg b64 crit kid typ"')},
    **{f"crit {value}": _signed(header={"crit": value}) for value in _CRITS},
    "b64": _signed(header={"b64": False}),
    "b64 and crit": _signed(header={"b64": False, "crit": ["b64"]}),
    "nested header that fits": lambda issuer: _signed(
        header=b'{"alg":"EdDSA","kid":"%s","x":%s}' % (issuer.signing_key.id.encode(), b"[" * 280)
    )(issuer),
    "long header": _signed(header={"x": "x" * 400}),
    "nested header": _signed(header=_DEEP),
    **{f"claims {text!r}": _signed(claims=text) for text in (b"[]", b"null", b"5", b'"a"', b"", b"{", b"\xff", b"\xef\xbb\xbf{}")},
    "nested claims": _signed(claims=_DEEP),
    "nested claim": _with_raw("extra", _DEEP.decode()),
}
