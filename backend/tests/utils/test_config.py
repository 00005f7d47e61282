"""Settings: what the environment may say, what production demands, and what refuses to start."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from app import config
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
    assert (settings.environment, settings.host, settings.port, settings.debug) == (Environment.DEVELOPMENT, "127.0.0.1", 8000, False)
    assert (settings.database_url, settings.secret, settings.better_auth_url, settings.cors_origins) == (None, None, None, ())
    assert not settings.production


@pytest.mark.spec("OPS-009")
def test_every_setting_comes_from_the_environment(environ: Environ) -> None:
    environ(AGENDUM_ENV="production", BETTER_AUTH_SECRET=STRONG, DATABASE_URL=DATABASE, AGENDUM_PORT="80", AGENDUM_DEBUG="true")
    environ(BETTER_AUTH_URL="https://app.example.com/", CORS_ORIGINS="https://a.example, https://b.example:8443,", AGENDUM_DATA_DIR="/srv")
    settings = load_settings()
    assert (settings.production, settings.port, settings.debug, settings.data_dir) == (True, 80, True, Path("/srv"))
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
@pytest.mark.parametrize(
    ("name", "value"),
    [("AGENDUM_ENV", "staging"), ("AGENDUM_PORT", "x"), ("AGENDUM_PORT", "65536"), ("AGENDUM_PORT", "-1"), ("AGENDUM_DEBUG", "maybe")]
    + [
        ("AGENDUM_POOL_SIZE", "0"),
        ("AGENDUM_POOL_SIZE", "1001"),
        ("BETTER_AUTH_URL", "app.example.com"),
        ("BETTER_AUTH_URL", "ftp://a.example"),
    ]
    + [
        ("CORS_ORIGINS", value)
        for value in ("*", "null", "a.example", "https://a.example/", "https://a.example/x", "https://*,https://a.example?")
    ],
)
def test_a_wrong_value_is_told_by_its_name(environ: Environ, name: str, value: str) -> None:
    environ(**{name: value})
    assert refusal().startswith(f"{name}: ")


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
    environ(AGENDUM_ENV="production", DATABASE_URL=DATABASE, **({} if secret is None else {"BETTER_AUTH_SECRET": secret}))
    told = refusal()
    assert told.startswith(f"BETTER_AUTH_SECRET {reason}")
    assert not secret or secret not in told


@pytest.mark.spec("OPS-009")
def test_production_needs_a_database(environ: Environ) -> None:
    environ(AGENDUM_ENV="production", BETTER_AUTH_SECRET=STRONG)
    assert refusal() == "DATABASE_URL is required in production"


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
        {"AGENDUM_SHARED_SECRET_ISSUER": "https://app.example.com", "BETTER_AUTH_URL": "https://app.example.com"},
    ],
)
def test_settings_that_contradict_one_another_make_no_application(environ: Environ, more: dict[str, str | None]) -> None:
    environ(**{name: value for name, value in ({"DATABASE_URL": DATABASE, "BETTER_AUTH_SECRET": STRONG} | more).items() if value})
    with pytest.raises(ConfigurationError) as refused:
        create_app(load_settings())
    assert STRONG not in str(refused.value)


@pytest.mark.spec("OPS-015")
def test_data_lives_in_the_persons_own_folder_or_in_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert config.default_data_dir({"XDG_DATA_HOME": "/own"}) == Path("/var/lib/agendum")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert config.default_data_dir({"XDG_DATA_HOME": "/own"}) == Path("/own/agendum")
    assert config.default_data_dir({}) == Path.home() / ".local/share/agendum"
