"""The published keys of an issuer: which ones are taken, when they are fetched, and what an outage changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import extract_compact

from app.utils.jwks import Key, KeysUnavailable, RemoteKeySet, UnknownKey, parse_key_set
from tests.issuer import ALGORITHMS, FAULTS, Answer, Issuer, SigningKey, craft, make_key, rsa_material

pytestmark = pytest.mark.broad

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.text("AQ_-w", max_size=400),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)
GOOD = make_key("ES256")
OKP = make_key("EdDSA").published()
RSA = make_key("RS256").published()
EC = make_key("ES512").published()
UNUSABLE: dict[str, object] = {
    "unknown kty": OKP | {"kty": "AKP"},
    "kty not text": OKP | {"kty": ["OKP"]},
    "without kty": {"kid": "x", "alg": "EdDSA"},
    "without kid": {name: value for name, value in OKP.items() if name != "kid"},
    "kid not text": OKP | {"kid": 5},
    "symmetric": OctKey.import_key("s" * 40).as_dict() | {"kid": "x", "alg": "HS256"},
    "symmetric without alg": OctKey.import_key("s" * 40).as_dict() | {"kid": "x"},
    "symmetric as ES256": OctKey.import_key("s" * 40).as_dict() | {"kid": "x", "alg": "ES256"},
    "RSA as HS256": RSA | {"alg": "HS256"},
    "RSA as none": RSA | {"alg": "none"},
    "RSA as RS512": RSA | {"alg": "RS512"},
    "RSA as ES256": RSA | {"alg": "ES256"},
    "RSA with a curve": {"kid": "x", "crv": "P-256"} | rsa_material().as_dict(private=False),
    "alg null": OKP | {"alg": None},
    "alg list": OKP | {"alg": ["EdDSA"]},
    "P-384": ECKey.generate_key("P-384").as_dict(private=False) | {"kid": "x"},
    "P-521 as ES256": EC | {"alg": "ES256"},
    "secp256k1": ECKey.generate_key("secp256k1").as_dict(private=False) | {"kid": "x", "alg": "ES256"},
    "Ed448 as EdDSA": OKPKey.generate_key("Ed448").as_dict(private=False) | {"kid": "x", "alg": "EdDSA"},
    "X25519": OKPKey.generate_key("X25519").as_dict(private=False) | {"kid": "x"},
    "private OKP": OKPKey.generate_key("Ed25519").as_dict(private=True) | {"kid": "x"},
    "private EC": ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "x"},
    "private RSA": rsa_material().as_dict(private=True) | {"kid": "x"},
    "huge RSA": RSA | {"n": "_" * 20_000},
    "RSA without n": {"kty": "RSA", "kid": "x", "e": "AQAB"},
    "for encryption": OKP | {"use": "enc"},
    "only for signing": OKP | {"key_ops": ["sign"]},
    "key_ops a number": OKP | {"key_ops": 5},
    "x not base64": OKP | {"x": "!!"},
    "x too short": OKP | {"x": "AAAA"},
    "x not text": OKP | {"x": 5},
    "point off the curve": EC | {"y": EC["x"]},
    "curve not text": {"kty": "OKP", "kid": "x", "crv": [], "x": "AAAA"},
    "not an object": [1],
    "null": None,
}


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[RemoteKeySet]:
    async with httpx2.AsyncClient(verify=False, trust_env=False, follow_redirects=True) as client:
        remote = RemoteKeySet(issuer.jwks_url, client, clock=clock)
        yield remote
        await remote.close()


async def until(happened: Callable[[], bool]) -> None:
    """Wait, in real time, until something happened in the background."""
    async with asyncio.timeout(5):
        while not happened():  # noqa: ASYNC110  What happens may happen in the issuer's thread.
            await asyncio.sleep(0.005)


def set_of(*entries: object) -> bytes:
    """Give the body of a key set."""
    return json.dumps({"keys": entries}).encode()


def accepts(key: Key, signer: SigningKey) -> bool:
    """Tell whether the key verifies what the signer signs, and nothing else."""
    text, other = (craft({"alg": signer.algorithm}, content, signer.sign) for content in (b"text", b"next"))
    mixed = f"{other.rpartition('.')[0]}.{text.rpartition('.')[2]}"
    return key.verifies(extract_compact(text.encode())) and not key.verifies(extract_compact(mixed.encode()))


@pytest.mark.spec("AUTH-005")
@pytest.mark.parametrize("algorithm", [*ALGORITHMS, "Ed25519"])
def test_a_published_key_verifies_by_its_own_algorithm(algorithm: str) -> None:
    signer = make_key(algorithm)
    key = parse_key_set(set_of(signer.published()))[signer.id]
    assert accepts(key, signer)
    assert algorithm in key.names


@pytest.mark.spec("AUTH-005")
@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256"])
def test_a_key_without_alg_has_the_algorithm_of_its_kind(algorithm: str) -> None:
    signer = make_key(algorithm)
    entry = {name: value for name, value in signer.published().items() if name != "alg"}
    key = parse_key_set(set_of(entry))[signer.id]
    assert accepts(key, signer)
    assert algorithm in key.names


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_an_ed25519_key_goes_by_both_names(algorithm: str) -> None:
    signer = make_key(algorithm)
    assert set(parse_key_set(set_of(signer.published()))[signer.id].names) == {"EdDSA", "Ed25519"}


@pytest.mark.spec("AUTH-005")
@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_cannot_be_used_is_left_out(name: str) -> None:
    assert list(parse_key_set(set_of(UNUSABLE[name], GOOD.published()))) == [GOOD.id]


def test_a_short_rsa_key_is_left_out() -> None:
    short = {"kty": "RSA", "kid": "x", "e": "AQAB", "n": "_" * 170}
    exact = RSAKey.import_key(rsa_material().as_dict(private=False)).as_dict() | {"kid": "y"}
    assert list(parse_key_set(set_of(short, exact))) == ["y"]


def test_of_two_keys_with_one_id_the_first_wins() -> None:
    other = make_key("EdDSA").published() | {"kid": GOOD.id}
    assert accepts(parse_key_set(set_of(GOOD.published(), other))[GOOD.id], GOOD)


@given(
    st.sampled_from([OKP, RSA, EC]),
    st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "key_ops", "x5c", "kid"]),
    JSON,
)
def test_any_nonsense_in_a_key_leaves_the_others(entry: dict[str, object], name: str, value: object) -> None:
    assert GOOD.id in parse_key_set(set_of(entry | {name: value}, GOOD.published()))


@given(st.binary() | JSON.map(set_of))
def test_any_nonsense_answer_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  Which one, JSON's or ours, does not matter.
        parse_key_set(body)


@pytest.mark.spec("AUTH-006")
async def test_many_who_wait_share_one_fetch(issuer: Issuer, keys: RemoteKeySet) -> None:
    found = await asyncio.gather(*(keys.get(issuer.signing_key.id) for _ in range(200)))
    assert issuer.requests == 1
    assert len({id(key) for key in found}) == 1


@pytest.mark.spec("AUTH-006")
async def test_a_waiter_that_is_cancelled_does_not_end_the_fetch_of_the_others(
    issuer: Issuer, keys: RemoteKeySet
) -> None:
    issuer.delay = 0.1
    first, second = (asyncio.create_task(keys.get(issuer.signing_key.id)) for _ in range(2))
    await until(lambda: issuer.requests == 1)
    first.cancel()
    assert accepts(await second, issuer.signing_key)
    assert first.cancelled()
    assert issuer.requests == 1


@pytest.mark.spec("AUTH-006")
async def test_a_thousand_unknown_ids_cost_one_fetch_in_thirty_seconds(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    """S14."""
    await keys.get(issuer.signing_key.id)
    for moment, requests in ((1029.9, 1), (1030, 2), (1059.9, 2), (1060, 3)):
        clock.time = moment
        refused = await asyncio.gather(
            *(keys.get(f"unknown {number}") for number in range(1000)), return_exceptions=True
        )
        assert {type(refusal) for refusal in refused} == {UnknownKey}
        assert issuer.requests == requests


@pytest.mark.spec("AUTH-006")
async def test_a_new_key_is_found_once_the_cooldown_is_over(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    """S15."""
    await keys.get(issuer.signing_key.id)
    fresh = issuer.rotate()
    with pytest.raises(UnknownKey):
        await keys.get(fresh.id)
    clock.time += 30
    assert accepts(await keys.get(fresh.id), fresh)


@pytest.mark.spec("AUTH-006")
async def test_the_cooldown_counts_failed_fetches(issuer: Issuer, keys: RemoteKeySet, clock: Clock) -> None:
    await keys.get(issuer.signing_key.id)
    issuer.fault = FAULTS["error"]
    clock.time += 30
    for _ in range(5):
        with pytest.raises(UnknownKey):
            await keys.get("unknown")
    assert issuer.requests == 2


@pytest.mark.spec("AUTH-006")
async def test_with_no_set_ever_had_a_retry_comes_once_a_second(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    issuer.fault = FAULTS["error"]
    for moment, requests in ((1000, 1), (1000.9, 1), (1001, 2), (1001.9, 2)):
        clock.time = moment
        refused = await asyncio.gather(
            *(keys.get(issuer.signing_key.id) for _ in range(50)), return_exceptions=True
        )
        assert {type(refusal) for refusal in refused} == {KeysUnavailable}
        assert issuer.requests == requests
    issuer.fault, clock.time = None, 1002
    assert accepts(await keys.get(issuer.signing_key.id), issuer.signing_key)


@pytest.mark.spec("AUTH-006")
async def test_an_issuer_that_does_not_listen_is_unavailable(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    issuer.stop()
    with pytest.raises(KeysUnavailable):
        await keys.get(issuer.signing_key.id)
    issuer.start()
    clock.time += 1
    assert accepts(await keys.get(issuer.signing_key.id), issuer.signing_key)


@pytest.mark.spec("AUTH-006")
async def test_an_old_set_is_used_while_it_is_refreshed(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    """S15."""
    known = issuer.signing_key
    await keys.get(known.id)
    issuer.withdraw(known)
    issuer.delay, clock.time = 0.1, clock.time + 600
    assert all([accepts(await keys.get(known.id), known) for _ in range(3)])
    await until(lambda: known.id not in keys._keys)
    assert issuer.requests == 2
    with pytest.raises(UnknownKey):
        await keys.get(known.id)


@pytest.mark.spec("AUTH-006")
async def test_a_key_that_was_withdrawn_while_nobody_came_is_refused_at_once(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    """S15: within the age of a set and 60 seconds, also for the first who comes after that."""
    known = issuer.signing_key
    await keys.get(known.id)
    issuer.withdraw(known)
    clock.time += 660
    with pytest.raises(UnknownKey):
        await keys.get(known.id)
    assert issuer.requests == 2


@pytest.mark.spec("AUTH-006")
async def test_the_last_good_set_stays_while_the_issuer_is_away(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    """S14: for 20 minutes."""
    await keys.get(issuer.signing_key.id)
    issuer.stop()
    for _ in range(40):
        clock.time += 30
        assert accepts(await keys.get(issuer.signing_key.id), issuer.signing_key)
        await until(lambda: keys._flight is None)


@pytest.mark.spec("AUTH-006")
@pytest.mark.parametrize("name", FAULTS)
async def test_a_bad_answer_replaces_nothing(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock, name: str
) -> None:
    await keys.get(issuer.signing_key.id)
    issuer.fault = FAULTS[name]
    clock.time += 600
    with pytest.raises(UnknownKey):
        await keys.get("unknown")
    assert accepts(await keys.get(issuer.signing_key.id), issuer.signing_key)
    assert issuer.requests == 2


@pytest.mark.parametrize("name", FAULTS)
async def test_a_bad_first_answer_is_unavailable_and_named_in_the_log(
    issuer: Issuer, keys: RemoteKeySet, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.fault = FAULTS[name]
    with pytest.raises(KeysUnavailable):
        await keys.get(issuer.signing_key.id)
    assert issuer.requests == 1
    assert "could not be fetched" in caplog.text


@pytest.mark.parametrize(("size", "status"), [(256 * 1024, "taken"), (256 * 1024 + 1, "refused")])
async def test_an_answer_is_at_most_256_kibibytes(
    issuer: Issuer, keys: RemoteKeySet, size: int, status: str
) -> None:
    """S41."""
    issuer.fault = Answer(body=issuer.key_set().ljust(size))
    try:
        await keys.get(issuer.signing_key.id)
    except KeysUnavailable:
        assert status == "refused"
    else:
        assert status == "taken"


@pytest.mark.spec("AUTH-006")
@pytest.mark.parametrize("status", [201, 302, 401, 404, 500, 503])
async def test_keys_in_an_answer_that_is_not_ok_are_not_taken(
    issuer: Issuer, keys: RemoteKeySet, status: int
) -> None:
    """S41: an answer that leads elsewhere included."""
    issuer.fault = Answer(status, issuer.key_set())
    with pytest.raises(KeysUnavailable):
        await keys.get(issuer.signing_key.id)


@pytest.mark.parametrize(("delay", "pace"), [(30, 0), (0, 0.05)])
async def test_a_slow_answer_is_given_up_after_the_timeout(
    issuer: Issuer, keys: RemoteKeySet, delay: float, pace: float
) -> None:
    issuer.delay, issuer.pace, keys._timeout = delay, pace, 0.2
    async with asyncio.timeout(5):
        with pytest.raises(KeysUnavailable):
            await keys.get(issuer.signing_key.id)


async def test_closing_ends_the_fetch_and_leaves_the_keys(
    issuer: Issuer, keys: RemoteKeySet, clock: Clock
) -> None:
    await keys.get(issuer.signing_key.id)
    issuer.delay, clock.time = 30, clock.time + 600
    waiter = asyncio.create_task(keys.get("unknown"))
    await until(lambda: issuer.requests == 2)
    await keys.close()
    with pytest.raises(UnknownKey):
        await waiter
    clock.time += 600
    assert accepts(await keys.get(issuer.signing_key.id), issuer.signing_key)
    assert keys._flight is None
