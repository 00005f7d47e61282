"""Any text at all, as a token or a part of one: it is refused, and nothing else happens."""

import json

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.utils.jwks import RemoteKeySet
from app.utils.jwt import KeySetVerifier, SecretVerifier, TokenVerifiers
from tests.issuer import ALGORITHMS, Issuer, craft, hs256
from tests.utils.own_tokens import HEADER, LEEWAY, NOW, OWN, SECRET, accepts, own_verifier

pytestmark = pytest.mark.broad
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.fixture
def own() -> SecretVerifier:
    return own_verifier()


NO_NETWORK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.spec("AUTH-008")
@NO_NETWORK
@given(token=st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
async def test_any_text_is_refused(own: SecretVerifier, token: str) -> None:
    assert not await accepts(TokenVerifiers([own]), token)
    assert not await accepts(own, token)


@pytest.mark.spec("AUTH-008")
@NO_NETWORK
@given(header=st.binary() | JSON.map(lambda value: json.dumps(value).encode()), claims=st.binary())
async def test_any_header_is_refused(own: SecretVerifier, header: bytes, claims: bytes) -> None:
    assert not await accepts(own, craft(header, claims, hs256(SECRET.encode())))


@pytest.mark.spec("AUTH-008")
@NO_NETWORK
@given(name=st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf"]), value=JSON)
async def test_any_claim_is_judged_without_another_error(
    own: SecretVerifier, name: str, value: object
) -> None:
    token = craft(HEADER, OWN | {name: value}, hs256(SECRET.encode()))
    assert await accepts(TokenVerifiers([own]), token) is await accepts(own, token)


@pytest.mark.spec("AUTH-008")
@settings(deadline=None, max_examples=50)
@given(
    algorithm=st.sampled_from(ALGORITHMS),
    header=st.dictionaries(st.sampled_from(["alg", "typ", "crit", "b64"]), JSON),
    signature=st.binary(),
)
async def test_any_signature_is_refused(algorithm: str, header: dict[str, object], signature: bytes) -> None:
    with Issuer() as issuer:
        async with httpx2.AsyncClient(verify=False, trust_env=False) as client:
            verifier = KeySetVerifier(
                RemoteKeySet(issuer.jwks_url, client),
                issuer=issuer.origin,
                audience=issuer.origin,
                leeway=LEEWAY,
            )
            stated = {"alg": algorithm, "kid": issuer.key_of(algorithm).id, **header}
            assert not await accepts(verifier, craft(stated, issuer.claims(now=NOW), lambda _: signature))
