"""The list of secrets as Better Auth writes it, and that production takes none that is weak."""

import pytest
from pydantic import SecretStr

from app.config import load_settings
from tests.utils.test_config import DATABASE, STRONG, Environ, environ, refusal

OLD = STRONG[::-1]

__all__ = ["environ"]


@pytest.mark.spec("SESSION-030")
@pytest.mark.parametrize(
    ("listed", "alone", "expected"),
    [
        ("2:new,1:old", "", ("new", "old")),
        (" 10:new , 2:old ", "", ("new", "old")),
        ("2:new,1:old", "older", ("new", "old", "older")),
        ("2:new,1:old", "old", ("new", "old")),
        ("1:with:colons", "", ("with:colons",)),
        ("", "alone", ("alone",)),
        ("", "", ()),
    ],
)
def test_the_first_secret_is_the_current_one(
    environ: Environ, *, listed: str, alone: str, expected: tuple[str, ...]
) -> None:
    environ(BETTER_AUTH_SECRETS=listed, BETTER_AUTH_SECRET=alone)
    assert load_settings().secrets == expected


@pytest.mark.spec("SESSION-030")
@pytest.mark.parametrize(
    "listed",
    [
        "fresh",
        "fresh,stale",
        "7:",
        ":fresh",
        "x:fresh",
        "7:fresh,",
        "7:fresh,7:stale",
        "7:fresh,07:stale",
        "²:x",
    ],
)
def test_a_list_that_cannot_be_read_is_refused_without_its_secrets(environ: Environ, listed: str) -> None:
    environ(BETTER_AUTH_SECRETS=listed)
    told = refusal()
    assert told.startswith("BETTER_AUTH_SECRETS: ")
    assert listed not in told


@pytest.mark.spec("SESSION-031")
@pytest.mark.parametrize(
    ("listed", "alone", "named"),
    [
        (f"2:{STRONG},1:short", "", "BETTER_AUTH_SECRETS must"),
        (f"2:short,1:{STRONG}", "", "BETTER_AUTH_SECRETS must"),
        (f"2:{STRONG}", "short", "BETTER_AUTH_SECRET must"),
    ],
)
def test_production_refuses_a_list_with_a_weak_secret(
    environ: Environ, *, listed: str, alone: str, named: str
) -> None:
    environ(AGENDUM_ENV="production", DATABASE_URL=DATABASE)
    environ(BETTER_AUTH_SECRETS=listed, BETTER_AUTH_SECRET=alone)
    assert refusal().startswith(named)


@pytest.mark.spec("SESSION-031")
def test_production_takes_a_list_alone_and_hides_it(environ: Environ) -> None:
    environ(AGENDUM_ENV="production", DATABASE_URL=DATABASE, BETTER_AUTH_SECRETS=f"2:{STRONG},1:{OLD}")
    settings = load_settings()
    assert (settings.listed_secrets, settings.secret) == ((SecretStr(STRONG), SecretStr(OLD)), None)
    assert STRONG not in f"{settings!r} {settings}"
