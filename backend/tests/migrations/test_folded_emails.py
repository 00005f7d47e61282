"""Folded e-mails: what becomes of accounts that were there, and of those that the release before still makes."""

import unicodedata
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import httpx2
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.database.migrate import MigrationError, migrate
from app.database.url import read_address
from app.domain.emails import folded_email
from tests.api.rows import fetch
from tests.migrations.databases import ask, upgrade, within
from tests.people import open_client

LOGIN = {"password": "correct horse battery"}
ADD = """
    INSERT INTO agendum.account (user_id, issuer, subject, email, created_at, updated_at)
    VALUES ($1, $2, $1, $3, now(), now())
"""
LOWER = "SELECT letter, lower(letter) AS lowered FROM unnest($1::text[]) AS letters (letter)"
FOLDED = "SELECT user_id, email_folded FROM agendum.account ORDER BY user_id"


@pytest.fixture
async def before(empty: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database of the release before."""
    await within(empty, partial(upgrade, to="0003"))
    connection = await asyncpg.connect(dsn=empty)
    yield connection
    await connection.close()


@pytest.mark.spec("USER-010", "OPS-020")
async def test_emails_of_the_release_before_are_folded(empty: str, before: asyncpg.Connection) -> None:
    people = [(f"p{number:04}", "agendum", f"Person{number}@example.com") for number in range(1001)]
    others = [("q1", "agendum", "\u0130x@example.com"), ("q2", "https://other.example", "Ada@example.com")]
    await before.executemany(ADD, [*people, *others, ("q3", "agendum", None)])
    await migrate(read_address(empty))
    folded = dict(await before.fetch(FOLDED))
    assert [folded[user_id] for user_id, _, _ in people] == [email.lower() for _, _, email in people]
    assert [folded[name] for name in ("q1", "q2", "q3")] == ["\u0130x@example.com", None, None]


@pytest.mark.spec("USER-010", "OPS-020")
async def test_two_accounts_of_one_email_stop_the_migration_until_one_is_changed(
    empty: str, before: asyncpg.Connection
) -> None:
    # The database tells them apart, because it does not look at how a letter is written.
    await before.executemany(
        ADD, [("ada", "agendum", "J\u030c@example.com"), ("bob", "agendum", "\u01f0@example.com")]
    )
    with pytest.raises(MigrationError, match=r"ada and bob\. Give all but one of them another e-mail"):
        await migrate(read_address(empty))
    assert await ask(empty, "SELECT version_num FROM agendum.alembic_version") == "0003"
    await before.execute("UPDATE agendum.account SET email = 'bob@example.com' WHERE user_id = 'bob'")
    await migrate(read_address(empty))
    assert [tuple(row) for row in await before.fetch(FOLDED)] == [
        ("ada", "\u01f0@example.com"),
        ("bob", "bob@example.com"),
    ]


async def register_as_before(connection: asyncpg.Connection, user_id: str, email: str) -> bool:
    """Register as the release before does, and tell whether the e-mail was free."""
    added = await fetch(
        connection, f"{ADD} ON CONFLICT DO NOTHING RETURNING user_id", user_id, "agendum", email
    )
    if added:
        encoded = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(LOGIN["password"])
        await fetch(connection, "INSERT INTO agendum.password VALUES ($1, $2, now())", user_id, encoded)
    return bool(added)


@pytest.mark.spec("USER-010", "USER-002")
async def test_whom_the_release_before_registers_beside_this_one_logs_in(
    client: httpx2.AsyncClient, connection: asyncpg.Connection
) -> None:
    assert await register_as_before(connection, "ada", "Ada@example.com")
    assert await register_as_before(connection, "ix", "ix@example.com")
    answers = {
        email: (await client.post("/auth/login", json=LOGIN | {"email": email})).status_code
        for email in ("ada@EXAMPLE.com", "ix@example.com", "\u0130x@example.com", "eva@example.com")
    }
    assert list(answers.values()) == [200, 200, 401, 401]


@pytest.mark.spec("USER-002")
async def test_an_email_is_one_persons_over_both_releases(
    app: FastAPI, connection: asyncpg.Connection
) -> None:
    assert await register_as_before(connection, "ada", "Ada@example.com")
    async with open_client(app) as client:
        taken = await client.post("/auth/register", json=LOGIN | {"email": "ADA@example.com", "name": "Ada"})
        assert (taken.status_code, taken.json()["code"]) == (409, "EMAIL_TAKEN")
        await client.post("/auth/register", json=LOGIN | {"email": "bob@example.com", "name": "Bob"})
    assert not await register_as_before(connection, "bob", "BOB@example.com")


@pytest.mark.spec("USER-010")
async def test_the_rule_is_the_databases_for_every_letter_but_one(connection: asyncpg.Connection) -> None:
    letters = [
        chr(number)
        for number in range(1, 0x110000)
        if unicodedata.category(chr(number)) not in ("Cs", "Cn", "Co")
    ]
    whole = [letter for letter in letters if unicodedata.is_normalized("NFC", letter)]
    lowered = await fetch(connection, LOWER, whole)
    differing = [row["letter"] for row in lowered if row["lowered"] != folded_email(row["letter"])]
    assert (len(lowered), differing) == (len(whole), ["\u0130"])
