"""Database addresses as they are handed out.

What is read from them, what is never weakened and what is never repeated.
"""

import ssl
from pathlib import Path

import certifi
import pytest

from app.database.url import Address, InvalidAddressError, read_address

PASSWORD = "npg_S3cret%2F"
NEON = f"postgresql://neondb_owner:{PASSWORD}@ep-cool-rain-a1b2c3d4-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require"


@pytest.mark.spec("OPS-013")
def test_an_address_of_neon_is_read_as_it_is_handed_out() -> None:
    assert read_address(NEON) == Address(
        host="ep-cool-rain-a1b2c3d4-pooler.eu-central-1.aws.neon.tech",
        port=5432,
        user="neondb_owner",
        password="npg_S3cret/",
        database="neondb",
        tls_mode="require",
        root_certificate=None,
        pooled=True,
    )


@pytest.mark.spec("OPS-013")
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_scheme_in_use_is_understood(scheme: str) -> None:
    address = read_address(f"{scheme}://ada@db.example:6543/tasks")
    assert (address.host, address.port, address.user, address.password, address.database) == (
        "db.example",
        6543,
        "ada",
        None,
        "tasks",
    )


@pytest.mark.spec("OPS-013")
@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_a_mode_without_a_certificate_is_handed_on(mode: str) -> None:
    arguments = read_address(f"postgresql://db.example/tasks?sslmode={mode}").connect_arguments()
    assert arguments["ssl"] == (False if mode == "disable" else mode)


@pytest.mark.spec("OPS-013")
def test_without_a_mode_tls_is_preferred() -> None:
    assert read_address("postgresql://db.example/tasks").connect_arguments()["ssl"] == "prefer"


@pytest.mark.spec("OPS-013")
@pytest.mark.parametrize(
    ("options", "checks_name"),
    [
        ("sslmode=verify-full", True),
        ("sslmode=verify-full&sslrootcert=system", True),
        ("sslrootcert=system", True),
        ("sslmode=verify-full&sslrootcert={file}", True),
        ("ssl=verify-full", True),
        ("sslmode=verify-ca", False),
        ("sslmode=verify-ca&sslrootcert={file}", False),
        ("sslmode=require&sslrootcert={file}", False),
    ],
)
def test_a_mode_that_verifies_verifies(options: str, *, checks_name: bool) -> None:
    context = read_address(
        f"postgresql://db.example/tasks?{options.format(file=certifi.where())}"
    ).connect_arguments()["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, checks_name)


@pytest.mark.spec("OPS-013")
def test_a_certificate_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    address = read_address(
        f"postgresql://db.example/tasks?sslmode=verify-full&sslrootcert={tmp_path / 'none.pem'}"
    )
    with pytest.raises(FileNotFoundError):
        address.connect_arguments()


@pytest.mark.spec("OPS-013")
def test_a_socket_needs_no_tls() -> None:
    address = read_address("postgresql://ada@/tasks?host=/run/postgresql&sslmode=require")
    assert (address.host, address.connect_arguments()["ssl"]) == ("/run/postgresql", False)


@pytest.mark.spec("OPS-014")
@pytest.mark.parametrize(
    ("url", "pooled"),
    [
        (NEON, True),
        ("postgresql://db.example/tasks?pgbouncer=true", True),
        ("postgresql://db.example/tasks?pgbouncer=false", False),
        ("postgresql://db.example/tasks", False),
        ("postgresql://db.example-pooler.com/tasks", False),
        ("postgresql://my-pooler-of-sorts.example/tasks", False),
    ],
)
def test_no_statement_is_kept_behind_a_pooler(url: str, *, pooled: bool) -> None:
    address = read_address(url)
    assert address.pooled is pooled
    assert address.connect_arguments().get("statement_cache_size", "the driver's own") == (
        0 if pooled else "the driver's own"
    )


@pytest.mark.spec("OPS-020")
def test_the_direct_address_leads_past_neons_pooler() -> None:
    direct = read_address(NEON).direct()
    assert (direct.host, direct.pooled) == ("ep-cool-rain-a1b2c3d4.eu-central-1.aws.neon.tech", False)
    assert "statement_cache_size" not in direct.connect_arguments()
    assert (direct.user, direct.password, direct.database, direct.tls_mode) == (
        "neondb_owner",
        "npg_S3cret/",
        "neondb",
        "require",
    )


@pytest.mark.spec("OPS-020")
@pytest.mark.parametrize(
    "url", ["postgresql://db.example/tasks", "postgresql://db.example/tasks?pgbouncer=true"]
)
def test_any_other_address_is_direct_already(url: str) -> None:
    assert read_address(url).direct() == read_address(url)


@pytest.mark.spec("OPS-013")
def test_strange_characters_are_read_as_they_were_meant() -> None:
    address = read_address("postgresql://a%40b:p%3A%2F%3F%23%5B%5D%40@[::1]:5433/my%20tasks")
    assert (address.user, address.password, address.host, address.port, address.database) == (
        "a@b",
        "p:/?#[]@",
        "::1",
        5433,
        "my tasks",
    )


@pytest.mark.spec("OPS-013")
@pytest.mark.parametrize(
    "rest",
    [
        "@db.example:port/tasks",
        "@db.example:99999/tasks",
        "@[::1/tasks",
        "@db.example/tasks?sslmode=none",
        "@db.example/tasks?sslmode=Require",
        "@db.example/tasks?sslmode=verify-ca&sslrootcert=system",
        "@db.example/tasks?sslmode=require&sslrootcert=system",
        "@db.example/tasks?ssl=prefer&sslrootcert=system",
        "@db.example/tasks?options=-c%20role",
        "@db.example/tasks?sslcert=a",
        "@db.example/tasks?sslnegotiation=direct",
        "@db.example/tasks?x=y",
    ],
)
def test_an_address_that_cannot_be_kept_is_refused_without_its_password(rest: str) -> None:
    with pytest.raises(InvalidAddressError) as refusal:
        read_address(f"postgresql://ada:{PASSWORD}{rest}")
    assert "S3cret" not in f"{refusal.value} {refusal.value.__cause__}"
    assert str(refusal.value).startswith("DATABASE_URL ")


@pytest.mark.spec("OPS-005")
def test_an_address_does_not_show_its_password() -> None:
    assert "S3cret" not in f"{read_address(NEON)!r} {read_address(NEON)}"


@pytest.mark.spec("OPS-013")
@pytest.mark.parametrize(
    "url", ["", "db.example/tasks", "mysql://db.example/tasks", "sqlite:///tasks.db", "http://db.example"]
)
def test_an_address_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidAddressError, match="must begin with postgresql://"):
        read_address(url)
