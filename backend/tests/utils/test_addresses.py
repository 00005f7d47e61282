"""Who asks behind proxies, from whatever the header says, and which addresses are one."""

from ipaddress import ip_address, ip_network

import hypothesis.strategies as some
import pytest
from hypothesis import given

from app.utils.addresses import LOCAL, MOST_HOPS, client_address, counted_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
PROXY, CLIENT = "10.0.0.1", "203.0.113.7"


def found(*forwarded: str, peer: str | None = PROXY) -> str:
    return client_address(peer, forwarded, trusted=TRUSTED)


@pytest.mark.spec("LIMIT-020")
@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ([], PROXY),
        ([CLIENT], CLIENT),
        (["192.0.2.1, 203.0.113.7"], CLIENT),
        (["192.0.2.1", "203.0.113.7"], CLIENT),
        (["192.0.2.1, 203.0.113.7, 10.9.9.9"], CLIENT),
        (["203.0.113.7", "10.9.9.9, 2001:db8:ffff::5"], CLIENT),
        (["10.7.7.7, 10.8.8.8"], "10.7.7.7"),
        (["nonsense, 203.0.113.7"], CLIENT),
        (["203.0.113.7, nonsense"], PROXY),
        (["203.0.113.7, "], PROXY),
    ],
)
def test_the_nearest_address_that_is_not_of_a_proxy_asks(forwarded: list[str], expected: str) -> None:
    assert found(*forwarded) == expected


@pytest.mark.spec("LIMIT-020")
def test_nobody_else_is_believed() -> None:
    assert found(CLIENT, peer="192.0.2.1") == "192.0.2.1"
    assert client_address(PROXY, [CLIENT], trusted=()) == PROXY


@pytest.mark.spec("LIMIT-021")
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("203.0.113.7:443", CLIENT),
        ("\t203.0.113.7 ", CLIENT),
        ("::ffff:203.0.113.7", CLIENT),
        ("[2001:DB8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:0db8:0:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.7:port", PROXY),
        ("[2001:db8::7", PROXY),
        ("0203.0.113.7", PROXY),
        ("3405803783", PROXY),
        ("0xcb.0.113.7", PROXY),
        ("203.0.113.7/24", PROXY),
        ("unknown", PROXY),
        ("\u0662\u0660\u0663.0.113.7", PROXY),
    ],
)
def test_an_address_is_read_in_the_forms_that_proxies_write(written: str, expected: str) -> None:
    assert found(written) == expected


@pytest.mark.spec("LIMIT-021")
def test_a_client_of_a_unix_socket_has_a_name_and_is_not_believed() -> None:
    assert found(CLIENT, peer=None) == found(CLIENT, peer="") == LOCAL
    assert counted_address(LOCAL) == LOCAL


@pytest.mark.spec("LIMIT-021")
def test_only_so_many_entries_are_looked_at() -> None:
    assert found(", ".join(["192.0.2.1"] * 10_000 + [CLIENT])) == CLIENT
    assert found(", ".join([CLIENT] + ["10.0.0.2"] * 10_000)) == "10.0.0.2"
    assert found(", ".join([CLIENT] + ["10.0.0.2"] * (MOST_HOPS - 1))) == CLIENT


@pytest.mark.spec("LIMIT-022")
def test_an_address_of_ipv6_is_counted_by_its_network() -> None:
    assert counted_address(CLIENT) == CLIENT
    assert counted_address("2001:db8:1:2:3:4:5:6") == counted_address("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert counted_address("::ffff:203.0.113.7") == CLIENT


@pytest.mark.spec("LIMIT-021")
@given(some.lists(some.text(max_size=60) | some.ip_addresses().map(str), max_size=6))
def test_whatever_is_written_there_is_an_address(forwarded: list[str]) -> None:
    address = found(*forwarded)
    assert str(ip_address(address)) == address
    assert counted_address(address)
