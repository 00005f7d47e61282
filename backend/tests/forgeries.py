"""Tokens that attackers forge under the name of the test issuer: each is to be refused. It knows nothing of the app."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tests.issuer import ALGORITHMS, Content, Issuer, SigningKey, craft, hs256, make_key

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
    return lambda issuer: _signed(
        claims=json.dumps(issuer.claims() | {name: "@@"}).replace('"@@"', value).encode()
    )(issuer)


def _without(name: str) -> Forgery:
    return lambda issuer: issuer.token(without=[name])


def _unsigned(name: str) -> Forgery:
    return lambda issuer: craft({"alg": name, "kid": issuer.signing_key.id}, issuer.claims())


def _confused(secret_of: Callable[[SigningKey], bytes], algorithm: str) -> Forgery:
    def forge(issuer: Issuer) -> str:
        key = issuer.key_of(algorithm)
        return craft({"alg": "HS256", "kid": key.id}, issuer.claims(), hs256(secret_of(key)))

    return forge


def _coordinate(key: SigningKey) -> bytes:
    return urlsafe_b64decode(str(key.published()["x"]) + "==")


def _by_stranger(header: Callable[[Issuer, SigningKey], Mapping[str, object]]) -> Forgery:
    def forge(issuer: Issuer) -> str:
        stranger = make_key("EdDSA")
        return craft(
            {"alg": "EdDSA", "kid": issuer.signing_key.id, **header(issuer, stranger)},
            issuer.claims(),
            stranger.sign,
        )

    return forge


def _text(text: str) -> Forgery:
    return lambda _: text


def _seconds(difference: int) -> int:
    return int(datetime.now(UTC).timestamp()) + difference


_DEEP = b"[" * 2000 + b"]" * 2000
_HOUR = 3600
_NAMES: tuple[object, ...] = (None, 5, [], {}, ["EdDSA"])
_KIDS: tuple[object, ...] = (
    None,
    5,
    [],
    "",
    "../../etc/passwd",
    "' or 1=1 --",
    "http://127.0.0.1:1/key",
    "k" * 5000,
    "k" * 10_240,
    "file:///dev/null",
    "/dev/null",
    "k\0",
)
_TYPES: tuple[object, ...] = (
    "at+jwt",
    "logout+jwt",
    "better-auth.session-cache+jwt",
    "jwt",
    "",
    None,
    ["JWT"],
)
_CRITS: tuple[object, ...] = ([{}], "b64", 5, {"b64": 1}, ["typ"])
_AUDIENCES: tuple[object, ...] = (
    "better-auth:session-cache",
    ["https://a.example", "https://b.example"],
    [],
    None,
    5,
    {},
    "",
)
_TIMES = (
    "true",
    "null",
    '"4102444800"',
    "[4102444800]",
    "{}",
    "NaN",
    "Infinity",
    "1e999",
    "1e300",
    "9" * 400,
    "9" * 5000,
    "-1",
)
_SUBJECTS = (
    "5",
    "null",
    "[]",
    '""',
    '"a\\u0000b"',
    '"a\\nb"',
    '"\\u0085"',
    '"\\ud800"',
    '"' + "s" * 256 + '"',
)
# Names of attacks, each with what forges it; all are acceptable in every other respect, at the current time.
HOSTILE: dict[str, Forgery] = {
    **{
        f"alg {name}": _unsigned(name)
        for name in ("none", "None", "nOnE", "NONE", "", "HS256", "HS512", "ES384", "RS1")
    },
    **{
        f"HS256 by the public PEM of {name}": _confused(lambda key: key.material.as_pem(), name)
        for name in ALGORITHMS
    },
    **{
        f"HS256 by the public DER of {name}": _confused(lambda key: key.material.as_der(), name)
        for name in ALGORITHMS
    },
    **{
        f"HS256 by the JWK of {name}": _confused(lambda key: json.dumps(key.published()).encode(), name)
        for name in ALGORITHMS
    },
    **{
        f"HS256 by the bare coordinate of {name}": _confused(_coordinate, name) for name in ("EdDSA", "ES256")
    },
    "HS256 by the key set": lambda issuer: craft(
        {"alg": "HS256", "kid": issuer.signing_key.id}, issuer.claims(), hs256(issuer.key_set())
    ),
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
    **{
        f"{name} {value[:12]} {len(value)}": _with_raw(name, value)
        for name in ("exp", "iat", "nbf")
        for value in _TIMES
    },
    **{f"sub {value[:12]}": _with_raw("sub", value) for value in _SUBJECTS},
    "oversized": _signed(claims={"padding": "x" * 9000}),
    **{
        f"text {text!r}": _text(text)
        for text in ("", ".", "..", "...", "a.b.c", "a.b", "none", "ü.ü.ü", "\ud800..")
    },
    "four parts": lambda issuer: issuer.token() + ".e30",
    "padded": lambda issuer: issuer.token() + "==",
    "line break": lambda issuer: issuer.token() + "\n",
    "wrong alphabet": lambda issuer: "+/" + issuer.token()[2:],
    **{f"header {text!r}": _signed(header=text) for text in (b"[]", b"null", b"{", b"", b"\xff\xfe")},
    # Texts and lists that hold what is looked for in an object.
    **{
        f"header {text!r}": _signed(header=text)
        for text in (b'["alg","b64","crit","kid"]', b'"alg b64 crit kid typ"')
    },
    **{f"crit {value}": _signed(header={"crit": value}) for value in _CRITS},
    "b64": _signed(header={"b64": False}),
    "b64 and crit": _signed(header={"b64": False, "crit": ["b64"]}),
    "nested header that fits": lambda issuer: _signed(
        header=b'{"alg":"EdDSA","kid":"%s","x":%s}' % (issuer.signing_key.id.encode(), b"[" * 280)
    )(issuer),
    "long header": _signed(header={"x": "x" * 400}),
    "nested header": _signed(header=_DEEP),
    **{
        f"claims {text!r}": _signed(claims=text)
        for text in (b"[]", b"null", b"5", b'"a"', b"", b"{", b"\xff", b"\xef\xbb\xbf{}")
    },
    "nested claims": _signed(claims=_DEEP),
    "nested claim": _with_raw("extra", _DEEP.decode()),
}
