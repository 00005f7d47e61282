"""Settings: what the environment may say, what production demands, and what refuses to start."""

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from pydantic import SecretStr

from app import config, runtime
from app.config import ConfigurationError, Environment, Settings, load_settings, weakness
from app.main import create_app

STRONG = "q7Xw2mZt9Lk4Vb8Rn3Py6Hs1Jd5Gf0Ca"
DATABASE = "postgresql://db.example/tasks"
Environ = Callable[..., None]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environ:
    """Begin with none of our variables, in an empty folder; call it to set some."""
    names = {str(field.alias) for field in Settings.model_fields.values()}
    for name in {*os.environ} & names:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def refusal() -> str:
    """Return why the environment cannot be used."""
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.spec("OPS-009")
@pytest.mark.usefixtures("environ")
def test_nothing_needs_to_be_set_for_development() -> None:
    settings = load_settings()
    assert (settings.environment, settings.host, settings.port, settings.debug) == (
        Environment.DEVELOPMENT,
        "127.0.0.1",
        8000,
        False,
    )
    assert (settings.database_url, settings.secret, settings.better_auth_url, settings.cors_origins) == (
        None,
        None,
        None,
        (),
    )
    assert not settings.production


@pytest.mark.spec("OPS-009")
def test_every_setting_comes_from_the_environment(environ: Environ) -> None:
    environ(
        AGENDUM_ENV="production",
        BETTER_AUTH_SECRET=STRONG,
        DATABASE_URL=DATABASE,
        AGENDUM_PORT="80",
        AGENDUM_DEBUG="true",
    )
    environ(
        BETTER_AUTH_URL="https://app.example.com/",
        CORS_ORIGINS="https://a.example, https://b.example:8443,",
        AGENDUM_DATA_DIR="/srv",
    )
    settings = load_settings()
    assert (settings.production, settings.port, settings.debug, settings.data_dir) == (
        True,
        80,
        True,
        Path("/srv"),
    )
    assert settings.better_auth_url == "https://app.example.com"
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
    assert settings.secret == SecretStr(STRONG)


@pytest.mark.spec("OPS-009")
def test_a_file_in_the_folder_is_not_read(environ: Environ, tmp_path: Path) -> None:
    environ(AGENDUM_HOST="")
    (tmp_path / ".env").write_text("AGENDUM_PORT=1\nAGENDUM_HOST=0.0.0.0\nAGENDUM_WRONG=1\n")
    assert (load_settings().port, load_settings().host) == (8000, "127.0.0.1")


@pytest.mark.spec("OPS-009")
def test_an_unknown_variable_of_ours_refuses_to_start(environ: Environ) -> None:
    environ(AGENDUM_PROT="1", AGENDUM_DEBUGGING="true", AGENDUMX="fine", BETTER_AUTH_TRUSTED_ORIGINS="theirs")
    assert refusal() == "unknown settings: AGENDUM_DEBUGGING, AGENDUM_PROT"


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize("service", ["AGENDUM", "AGENDUM_POSTGRES"])
def test_what_kubernetes_says_about_a_service_of_our_name_is_no_setting(
    environ: Environ, service: str
) -> None:
    links = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "80",
        "SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.0.0.1:80",
    }
    of_a_port = {
        "PORT_80_TCP": "tcp://10.0.0.1:80",
        "PORT_80_TCP_PROTO": "tcp",
        "PORT_80_TCP_PORT": "80",
        "PORT_80_TCP_ADDR": "10.0.0.1",
    }
    environ(**{f"{service}_{name}": value for name, value in (links | of_a_port).items()})
    assert load_settings().port == 8000
    environ(AGENDUM_PORTS="1", AGENDUM_SERVICE="1", AGENDUM_POSTGRES_PORT="80")
    assert refusal() == "unknown settings: AGENDUM_PORTS, AGENDUM_POSTGRES_PORT, AGENDUM_SERVICE"


@pytest.mark.spec("OPS-008")
@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://App.Example.com:443/path", "https://app.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://a.example:443", "http://a.example:443"),
        ("http://[::1]:3000/", "http://[::1]:3000"),
        ("https://ada@app.example.com", None),
        ("https://ada:word@app.example.com", None),
        ("https://app.example.com:port", None),
        ("https://a.example, https://b.example", None),
        ("https://[::1", None),
        ("https://bücher.example", None),
        ("https://*.example.com\\@", None),
        ("https:///path", None),
    ],
)
def test_an_origin_is_what_a_browser_makes_of_a_url(url: str, origin: str | None) -> None:
    assert config.origin_of(url) == origin


@pytest.mark.spec("OPS-008")
@pytest.mark.parametrize(
    "value",
    [
        "https://App.example.com",
        "https://app.example.com:443",
        "https://app.example.com/",
        "HTTPS://app.example.com",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused_with_the_one_it_does(
    environ: Environ, value: str
) -> None:
    environ(CORS_ORIGINS=value)
    assert refusal().endswith("must be written as a browser sends it: https://app.example.com")


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize(
    ("url", "serves"),
    [
        ("https://app.example.com", True),
        ("http://localhost:3000", True),
        ("http://127.0.0.2:3000/api/auth", True),
        ("http://[::1]:3000", True),
        ("http://app.example.com", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.com", False),
    ],
)
def test_in_production_keys_are_fetched_over_tls_or_from_this_machine(
    environ: Environ, url: str, *, serves: bool
) -> None:
    environ(BETTER_AUTH_URL=url)
    assert load_settings().better_auth_url == url
    environ(AGENDUM_ENV="production", BETTER_AUTH_SECRET=STRONG, DATABASE_URL=DATABASE)
    assert load_settings().production if serves else refusal().startswith("BETTER_AUTH_URL must be https")


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGENDUM_ENV", "staging"),
        ("AGENDUM_PORT", "x"),
        ("AGENDUM_PORT", "65536"),
        ("AGENDUM_PORT", "-1"),
        ("AGENDUM_DEBUG", "maybe"),
    ]
    + [
        ("AGENDUM_POOL_SIZE", "0"),
        ("AGENDUM_POOL_SIZE", "1001"),
        *[("AGENDUM_WORKERS", value) for value in ("0", "-1", "many", "1.5", "257", "1000")],
        ("BETTER_AUTH_URL", "app.example.com"),
        ("BETTER_AUTH_URL", "ftp://a.example"),
        ("BETTER_AUTH_URL", "https://ada:word@a.example"),
    ]
    + [
        ("AGENDUM_BETTER_AUTH_DATABASE", "yes"),
        ("AGENDUM_BETTER_AUTH_RAW_TOKENS", "perhaps"),
        *[
            ("AGENDUM_BETTER_AUTH_SCHEMA", value)
            for value in ('public"', "a.b", "1a", "a" * 64, "a b", "sch\u00e9ma", "x;drop")
        ],
        *[
            ("AGENDUM_BETTER_AUTH_COOKIE", value)
            for value in ("a b", "a;b", "a=b", "\u00fc", "__Secure-a", "x" * 101)
        ],
        *[
            ("AGENDUM_BETTER_AUTH_NAMES", value)
            for value in (
                "session",
                "=",
                "session=",
                "sessions=session",
                "user.password=password",
                "account=account",
                'session="x"',
                "session=a b",
                "session=a;drop table x",
                "session=a,session=b",
                "session=" + "a" * 64,
            )
        ],
    ]
    + [
        ("CORS_ORIGINS", value)
        for value in (
            "*",
            "null",
            "a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://*,https://a.example?",
        )
    ],
)
def test_a_wrong_value_is_told_by_its_name(environ: Environ, name: str, value: str) -> None:
    environ(**{name: value})
    assert refusal().startswith(f"{name}: ")


@pytest.mark.spec("BETTER-001")
@pytest.mark.parametrize("missing", ["BETTER_AUTH_URL", "BETTER_AUTH_SECRET"])
def test_sharing_needs_the_address_and_the_secret_of_better_auth(environ: Environ, missing: str) -> None:
    whole = {"BETTER_AUTH_URL": "http://localhost:3000", "BETTER_AUTH_SECRET": STRONG}
    environ(AGENDUM_BETTER_AUTH_DATABASE="shared", **whole | {missing: ""})
    assert refusal().startswith("AGENDUM_BETTER_AUTH_DATABASE=shared needs BETTER_AUTH_URL and BETTER_AUTH_")


@pytest.mark.spec("BETTER-010")
def test_names_of_tables_and_columns_come_from_the_environment(environ: Environ) -> None:
    environ(AGENDUM_BETTER_AUTH_NAMES=" session=sessions, session.userId = user_id,,user=App-Users$,")
    environ(AGENDUM_BETTER_AUTH_SCHEMA="Sign-In")
    settings = load_settings()
    named = {"session": "sessions", "session.userId": "user_id", "user": "App-Users$"}
    assert (settings.better_auth_names, settings.better_auth_schema) == (named, "Sign-In")


@pytest.mark.spec("OPS-086")
def test_more_connections_than_a_server_can_have_are_refused(environ: Environ) -> None:
    environ(AGENDUM_WORKERS="50", AGENDUM_POOL_SIZE="20")
    assert (load_settings().workers, load_settings().pool_size) == (50, 20)
    environ(AGENDUM_WORKERS="51")
    assert refusal() == (
        "AGENDUM_WORKERS times AGENDUM_POOL_SIZE, which each worker has of its own, must be at most 1000 connections"
    )


@pytest.mark.spec("OPS-009")
def test_a_wrong_value_is_not_repeated(environ: Environ) -> None:
    environ(BETTER_AUTH_URL=STRONG, AGENDUM_PORT=STRONG, CORS_ORIGINS=STRONG, BETTER_AUTH_SECRET=STRONG)
    assert STRONG not in refusal()


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (None, "is required in production"),
        ("", "is required in production"),
        (STRONG[:31], "must have at least 32 characters"),
        ("abcdefghi" * 10, "repeats itself"),
        ("change-me-" + STRONG, "is an example"),
        ("My-Example-Secret-" + STRONG, "is an example"),
        ("better-auth-secret-123456789" + STRONG, "is an example"),
    ],
)
def test_production_refuses_a_weak_secret(environ: Environ, secret: str | None, reason: str) -> None:
    """S50."""
    environ(
        AGENDUM_ENV="production",
        DATABASE_URL=DATABASE,
        **({} if secret is None else {"BETTER_AUTH_SECRET": secret}),
    )
    told = refusal()
    assert told.startswith(f"BETTER_AUTH_SECRET {reason}")
    assert not secret or secret not in told


@pytest.mark.spec("OPS-009", "OPS-015")
def test_production_may_keep_its_database_in_a_folder_that_is_named(environ: Environ) -> None:
    environ(AGENDUM_ENV="production", BETTER_AUTH_SECRET=STRONG, AGENDUM_DATA_DIR="/srv/agendum")
    assert (load_settings().database_url, load_settings().data_dir) == (None, Path("/srv/agendum"))


@pytest.mark.spec("OPS-009")
def test_production_needs_a_database(environ: Environ) -> None:
    environ(AGENDUM_ENV="production", BETTER_AUTH_SECRET=STRONG)
    assert (
        refusal()
        == "DATABASE_URL is required in production, or AGENDUM_DATA_DIR for an embedded database that is kept there"
    )


@pytest.mark.spec("OPS-009")
def test_development_takes_any_secret(environ: Environ) -> None:
    environ(BETTER_AUTH_SECRET="short")
    assert load_settings().secret == SecretStr("short")
    assert (weakness("short"), weakness(STRONG)) == ("must have at least 32 characters", None)


@pytest.mark.spec("OPS-009")
def test_secrets_are_hidden_where_settings_are_shown(environ: Environ) -> None:
    environ(BETTER_AUTH_SECRET=STRONG, DATABASE_URL=f"postgresql://ada:{STRONG}@db.example/tasks")
    assert STRONG not in f"{load_settings()!r} {load_settings()}"


@pytest.mark.spec("OPS-009")
@pytest.mark.parametrize(
    "more",
    [
        {"DATABASE_URL": None},
        {"BETTER_AUTH_SECRET": None},
        {"DATABASE_URL": f"mysql://ada:{STRONG}@db.example/tasks"},
        {"AGENDUM_SHARED_SECRET_ISSUER": "agendum"},
        {
            "AGENDUM_SHARED_SECRET_ISSUER": "https://app.example.com",
            "BETTER_AUTH_URL": "https://app.example.com",
        },
    ],
)
def test_settings_that_contradict_one_another_make_no_application(
    environ: Environ, more: dict[str, str | None]
) -> None:
    environ(
        **{
            name: value
            for name, value in ({"DATABASE_URL": DATABASE, "BETTER_AUTH_SECRET": STRONG} | more).items()
            if value
        }
    )
    with pytest.raises(ConfigurationError) as refused:
        create_app(load_settings())
    assert STRONG not in str(refused.value)


@pytest.mark.spec("AUTH-007")
@pytest.mark.parametrize("issuer", ["agendum", "https://app.example.com"])
def test_the_issuer_of_other_tokens_is_no_shared_secret_issuer(environ: Environ, issuer: str) -> None:
    environ(DATABASE_URL=DATABASE, BETTER_AUTH_SECRET=STRONG)
    environ(BETTER_AUTH_URL="https://App.example.com:443", AGENDUM_SHARED_SECRET_ISSUER=issuer)
    with pytest.raises(
        ConfigurationError,
        match="AGENDUM_SHARED_SECRET_ISSUER must be neither agendum nor the origin of BETTER_AUTH_URL",
    ):
        create_app(load_settings())


def test_any_other_wrong_value_is_not_blamed_on_the_issuers(
    environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ(DATABASE_URL=DATABASE, BETTER_AUTH_SECRET=STRONG)
    monkeypatch.setattr(runtime, "Database", Mock(side_effect=ValueError("another")))
    with pytest.raises(ValueError, match="another"):
        create_app(load_settings())


@pytest.mark.spec("OPS-015")
def test_data_lives_in_the_persons_own_folder_or_in_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert config.settings.default_data_dir({"XDG_DATA_HOME": "/own"}) == Path("/var/lib/agendum")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert config.settings.default_data_dir({"XDG_DATA_HOME": "/own"}) == Path("/own/agendum")
    assert config.settings.default_data_dir({}) == Path.home() / ".local/share/agendum"


@pytest.mark.spec("OPS-009")
def test_the_example_explains_every_setting_and_no_other() -> None:
    lines = (Path(__file__).parents[2] / ".env.example").read_text().splitlines()
    explained = [line.partition("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(explained) == sorted(str(field.alias) for field in Settings.model_fields.values())
