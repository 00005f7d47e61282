"""Tokens: which are accepted, to the second, and that every other text is refused and told nothing."""

import json
import secrets
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jws import CompactSignature, extract_compact

from app.utils.claims import Claims
from app.utils.jwks import KeysUnavailable, RemoteKeySet
from app.utils.jwt import InvalidToken, KeySetVerifier, SecretVerifier, TokenVerifiers, sign_token
from tests.forgeries import HOSTILE
from tests.issuer import ALGORITHMS, Issuer, craft, hs256, make_key
from tests.utils.own_tokens import HEADER, LEEWAY, MOMENT, NOW, OWN, SECRET, accepts, own_verifier

pytestmark = pytest.mark.broad

FOREIGN = {name: value for name, value in OWN.items() if name not in {"aud", "iat"}}


@pytest.fixture
def own() -> SecretVerifier:
    return own_verifier()


@pytest.fixture
def shared() -> SecretVerifier:
    return SecretVerifier(SECRET, issuer="agendum", audience=None, token_type=None, leeway=LEEWAY)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
async def external(issuer: Issuer) -> AsyncIterator[KeySetVerifier]:
    async with httpx2.AsyncClient(verify=False, trust_env=False) as client:
        keys = RemoteKeySet(issuer.jwks_url, client)
        yield KeySetVerifier(keys, issuer=issuer.origin, audience=issuer.origin, leeway=LEEWAY)
        await keys.close()


@pytest.fixture
def reached() -> Iterator[list[str]]:
    """What this process opens or connects to, by the names of Python's audit events."""
    events: list[str] = []
    watching = [True]

    def note(event: str, _details: object) -> None:
        if watching[0] and event in ("open", "socket.connect", "socket.getaddrinfo"):
            events.append(event)

    sys.addaudithook(note)
    yield events
    watching[0] = False


def signed(claims: Mapping[str, object] = OWN, /, **changes: object) -> str:
    """Sign claims with the secret, as our own token type."""
    return sign_token(SECRET, claims={**claims, **changes}, token_type="at+jwt")


def plain(claims: Mapping[str, object] | bytes = FOREIGN, **header: object) -> str:
    """Sign claims with the secret, as somebody else's program does."""
    return craft({"alg": "HS256", **header}, claims, hs256(SECRET.encode()))


@pytest.mark.spec("AUTH-004")
async def test_what_we_sign_we_verify(own: SecretVerifier) -> None:
    claims = await own.verify(signed(scope="tasks"), now=NOW)
    assert claims == Claims("agendum", "ada", NOW + timedelta(minutes=15), {**OWN, "scope": "tasks"})


@pytest.mark.spec("AUTH-004")
def test_our_token_says_its_algorithm_and_type() -> None:
    token: CompactSignature = extract_compact(signed().encode())
    assert token.headers() == HEADER


@pytest.mark.spec("AUTH-004")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "agendum2"},
        {"iss": "Agendum"},
        {"iss": None},
        {"aud": "agendum"},
        {"aud": ["other"]},
        {"aud": None},
        {"sub": ""},
        {"sub": "s" * 256},
        {"sub": 5},
        {"exp": None},
        {"exp": 2**63},
    ],
    ids=str,
)
async def test_our_token_with_another_claim_is_refused(
    own: SecretVerifier, changes: dict[str, object]
) -> None:
    assert not await accepts(own, signed(**changes))
    assert await accepts(own, signed())


@pytest.mark.spec("AUTH-004")
@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "AT+JWT"},
        {"typ": "application/at+jwt"},
        {"typ": None},
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": None},
        {"crit": []},
    ],
    ids=str,
)
async def test_our_token_with_another_header_is_refused(
    own: SecretVerifier, header: dict[str, object]
) -> None:
    assert not await accepts(own, craft(HEADER | header, OWN, hs256(SECRET.encode())))
    assert not await accepts(own, craft({"alg": "HS256"}, OWN, hs256(SECRET.encode())))
    assert await accepts(own, craft(HEADER, OWN, hs256(SECRET.encode())))


@pytest.mark.spec("AUTH-004")
async def test_our_token_under_another_secret_is_refused(own: SecretVerifier) -> None:
    assert not await accepts(own, sign_token(secrets.token_urlsafe(48), claims=OWN, token_type="at+jwt"))
    assert not await accepts(own, craft(HEADER, OWN, hs256(b"")))
    assert not await accepts(own, craft(HEADER, OWN))


@pytest.mark.parametrize("place", range(3))
async def test_a_changed_character_anywhere_is_refused(own: SecretVerifier, place: int) -> None:
    parts = signed().split(".")
    for index, character in enumerate(parts[place]):
        changed = parts[place][:index] + ("B" if character == "A" else "A") + parts[place][index + 1 :]
        assert not await accepts(own, ".".join([*parts[:place], changed, *parts[place + 1 :]]))


@pytest.mark.spec("AUTH-004")
async def test_our_token_ends_on_the_second(own: SecretVerifier) -> None:
    """S11."""
    assert await accepts(own, signed(exp=MOMENT + 1))
    assert not await accepts(own, signed(exp=MOMENT))
    assert not await accepts(own, signed(exp=MOMENT - 1))


@pytest.mark.parametrize("name", ["iat", "nbf"])
async def test_our_token_begins_on_the_second(own: SecretVerifier, name: str) -> None:
    assert await accepts(own, signed(**{name: MOMENT}))
    assert not await accepts(own, signed(**{name: MOMENT + 1}))


async def test_the_audience_may_be_one_of_a_list(own: SecretVerifier) -> None:
    assert await accepts(own, signed(aud=["other", "agendum-api"]))
    assert not await accepts(own, signed(aud=["agendum-api", None]))


async def test_a_subject_may_have_255_characters_of_any_script(own: SecretVerifier) -> None:
    assert (await own.verify(signed(sub="é李" * 127 + "x"), now=NOW)).subject == "é李" * 127 + "x"


@pytest.mark.spec("AUTH-007")
async def test_a_token_minted_elsewhere_needs_only_exp_and_sub(shared: SecretVerifier) -> None:
    assert (await shared.verify(plain(), now=NOW)).subject == "ada"
    assert await accepts(shared, plain(typ="JWT"))
    for name in ("exp", "sub", "iss"):
        assert not await accepts(shared, plain({key: value for key, value in FOREIGN.items() if key != name}))


@pytest.mark.spec("AUTH-007")
@pytest.mark.parametrize("audience", ["agendum-api", "", [], None], ids=str)
async def test_a_token_for_an_audience_is_refused_where_none_is_expected(
    shared: SecretVerifier, audience: object
) -> None:
    assert not await accepts(shared, plain(FOREIGN | {"aud": audience}))


@pytest.mark.spec("AUTH-007")
@pytest.mark.parametrize("token_type", ["at+jwt", "jwt", "logout+jwt", None, 5], ids=str)
async def test_a_token_of_another_type_is_refused_where_none_is_expected(
    shared: SecretVerifier, token_type: object
) -> None:
    assert not await accepts(shared, plain(typ=token_type))


@pytest.mark.spec("AUTH-005")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_better_auth_token_is_accepted(
    issuer: Issuer, external: KeySetVerifier, algorithm: str
) -> None:
    claims = await external.verify(issuer.token(issuer.key_of(algorithm), now=NOW), now=NOW)
    assert (claims.issuer, claims.expires_at) == (issuer.origin, NOW + timedelta(minutes=15))
    assert claims.content == issuer.claims(now=NOW)
    assert claims.subject == claims.content["sub"]


@pytest.mark.spec("AUTH-005")
async def test_an_ed25519_token_may_use_either_name(issuer: Issuer, external: KeySetVerifier) -> None:
    for key in (issuer.key_of("EdDSA"), issuer.key_of("Ed25519")):
        for name in ("EdDSA", "Ed25519"):
            assert await accepts(external, issuer.token(key, now=NOW, header={"alg": name, "typ": "JWT"}))


@pytest.mark.spec("AUTH-005")
async def test_the_algorithm_is_the_keys(issuer: Issuer, external: KeySetVerifier) -> None:
    by_one, by_other = issuer.key_of("RS256"), issuer.key_of("PS256")
    assert await accepts(
        external, craft({"alg": "RS256", "kid": by_one.id}, issuer.claims(now=NOW), by_one.sign)
    )
    assert not await accepts(
        external, craft({"alg": "RS256", "kid": by_other.id}, issuer.claims(now=NOW), by_one.sign)
    )
    assert not await accepts(
        external, craft({"alg": "PS256", "kid": by_one.id}, issuer.claims(now=NOW), by_other.sign)
    )


@pytest.mark.spec("AUTH-005", "AUTH-008")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_token_is_refused(issuer: Issuer, external: KeySetVerifier, name: str) -> None:
    """S7 to S13."""
    token = HOSTILE[name](issuer)
    for verifier in (external, TokenVerifiers([external])):
        assert not await accepts(verifier, token, datetime.now(UTC))
    assert await accepts(external, issuer.token(), datetime.now(UTC))
    assert issuer.requests == 1


@pytest.mark.spec("AUTH-005")
async def test_an_external_token_ends_thirty_seconds_late(issuer: Issuer, external: KeySetVerifier) -> None:
    """S11."""
    assert await accepts(external, issuer.token(now=NOW, exp=MOMENT - 29))
    assert not await accepts(external, issuer.token(now=NOW, exp=MOMENT - 30))
    assert not await accepts(external, issuer.token(now=NOW, exp=MOMENT - 31))


@pytest.mark.spec("AUTH-005")
@pytest.mark.parametrize(("seconds", "expected"), [(29, True), (30, True), (31, False)])
async def test_an_external_token_begins_thirty_seconds_early(
    issuer: Issuer, external: KeySetVerifier, seconds: int, *, expected: bool
) -> None:
    """S11."""
    assert await accepts(external, issuer.token(now=NOW, iat=MOMENT + seconds)) is expected
    assert await accepts(external, issuer.token(now=NOW, nbf=MOMENT + seconds)) is expected


async def test_an_audience_list_with_ours_is_accepted(issuer: Issuer, external: KeySetVerifier) -> None:
    assert await accepts(external, issuer.token(now=NOW, aud=["https://other.example", issuer.origin]))


@pytest.mark.spec("AUTH-006")
async def test_a_withdrawn_key_or_an_outage_is_told_apart(issuer: Issuer, external: KeySetVerifier) -> None:
    issuer.stop()
    with pytest.raises(KeysUnavailable):
        await external.verify(issuer.token(now=NOW), now=NOW)
    issuer.start()
    external._keys._next_fetch_at = 0
    assert not await accepts(external, issuer.token(make_key("EdDSA"), now=NOW))


@pytest.mark.spec("AUTH-005", "AUTH-008")
async def test_no_header_of_a_token_leads_to_a_file_or_an_address(
    issuer: Issuer, external: KeySetVerifier, reached: list[str]
) -> None:
    """S9: with the keys at hand, and an unknown one asked for just now, nothing is opened whatever a header says."""
    assert await accepts(external, issuer.token(), datetime.now(UTC))
    names = [name for name in HOSTILE if name.startswith(("kid", "jku", "x5", "embedded", "crit"))]
    tokens = [HOSTILE[name](issuer) for name in names]
    reached.clear()
    assert len(tokens) > 15
    for token in tokens:
        assert not await accepts(external, token, datetime.now(UTC))
    assert (reached, issuer.requests) == ([], 1)
    read_nothing()
    assert reached == ["open"]


def read_nothing() -> None:
    """Open a file, which is seen."""
    Path("/dev/null").read_bytes()


@pytest.mark.spec("AUTH-008")
async def test_a_token_that_no_key_could_serve_costs_no_fetch(
    issuer: Issuer, external: KeySetVerifier
) -> None:
    for forged in (
        "alg none",
        "kid None",
        "crit",
        "typ at+jwt",
        "oversized",
        "HS256 by nothing",
        "text 'a.b.c'",
    ):
        assert not await accepts(external, HOSTILE[forged](issuer), datetime.now(UTC))
    assert issuer.requests == 0


@pytest.mark.spec("AUTH-008")
async def test_a_token_has_at_most_8_kibibytes(own: SecretVerifier) -> None:
    tokens = [signed(padding="x" * size) for size in range(5978, 5990)]
    assert {True, False} == {len(token) <= 8192 for token in tokens}
    for token in tokens:
        assert await accepts(own, token) is (len(token) <= 8192)


async def test_a_parameter_of_the_header_that_nobody_knows_is_passed_over(
    issuer: Issuer, external: KeySetVerifier
) -> None:
    header = {"alg": "EdDSA", "kid": issuer.signing_key.id, "x": {"y": [None]}, "b64": True}
    assert await accepts(external, issuer.token(now=NOW, header=header))


async def test_of_two_claims_of_one_name_the_last_one_counts(own: SecretVerifier) -> None:
    # As RFC 7519 allows in section 4, and alike in choosing the verifier and in verifying.
    claims = json.dumps(OWN)[1:-1].encode()
    forged, ours = (
        b'{"iss":%s,%s,"iss":%s}' % (one, claims, two)
        for one, two in ((b'"agendum"', b'"x"'), (b'"x"', b'"agendum"'))
    )
    for verifier in (own, TokenVerifiers([own])):
        assert not await accepts(verifier, craft(HEADER, forged, hs256(SECRET.encode())))
        assert await accepts(verifier, craft(HEADER, ours, hs256(SECRET.encode())))
        doubled = b'{"alg":"HS256","typ":"at+jwt","alg":"none"}'
        assert not await accepts(verifier, craft(doubled, OWN, hs256(SECRET.encode())))


@pytest.mark.parametrize(
    ("length", "told"), [(1024, "The signature does not match"), (1025, "It is malformed")]
)
async def test_a_signature_is_at_most_that_of_8192_bits(
    issuer: Issuer, external: KeySetVerifier, length: int, told: str
) -> None:
    key = issuer.key_of("RS256")
    token = craft({"alg": "RS256", "kid": key.id}, issuer.claims(now=NOW), lambda _: b"s" * length)
    with pytest.raises(InvalidToken, match=told):
        await external.verify(token, now=NOW)


async def test_the_verifier_is_chosen_by_the_issuer(
    own: SecretVerifier, issuer: Issuer, external: KeySetVerifier
) -> None:
    verifiers = TokenVerifiers([own, external])
    assert (await verifiers.verify(signed(), now=NOW)).issuer == "agendum"
    assert (await verifiers.verify(issuer.token(now=NOW), now=NOW)).issuer == issuer.origin
    assert not await accepts(verifiers, signed(iss=issuer.origin))
    assert not await accepts(verifiers, issuer.token(now=NOW, iss="agendum"))
    assert not await accepts(TokenVerifiers([]), signed())


def test_two_verifiers_of_one_issuer_are_refused(own: SecretVerifier, shared: SecretVerifier) -> None:
    with pytest.raises(ValueError, match="same issuer"):
        TokenVerifiers([own, shared])


def test_a_published_key_is_refused_as_a_secret() -> None:
    pem = make_key("ES256").material.as_pem().decode()
    with pytest.raises(ValueError, match="must not be used"):
        SecretVerifier(pem, issuer="agendum", audience=None, token_type=None)


def test_a_feeble_secret_is_warned_about() -> None:
    with pytest.warns(SecurityWarning):
        SecretVerifier("short", issuer="agendum", audience=None, token_type=None)
