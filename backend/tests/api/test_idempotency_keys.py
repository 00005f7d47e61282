"""Which requests an `Idempotency-Key` tells apart, whose it is, and what is no key."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI

from tests.api.keyed import TASK, create, replayed, send, told
from tests.people import Person, access_token, open_client


@pytest.mark.spec("SAFE-011")
async def test_a_key_with_quotes_and_without_is_the_same(ada: Person) -> None:
    answers = [await create(ada, key) for key in ("a-key", '"a-key"', '"a\\"b"', '"a\\"b"')]
    assert [replayed(answer) for answer in answers] == [False, True, False, True]
    assert len(await ada.changes()) == 2


@pytest.mark.spec("SAFE-011")
async def test_keys_differ_by_case_and_by_every_character(ada: Person) -> None:
    answers = [await create(ada, key) for key in ("key", "Key", "key.", "%6bey", '"key "', "k" * 255)]
    assert not any(replayed(answer) for answer in answers)
    assert len(await ada.changes()) == 6


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/tasks", {"title": "Pay more"}),
        ("POST", "/api/tasks", {"title": "Pay rent", "priority": "none"}),
        ("POST", "/api/tasks?", {"title": "Pay rent "}),
        ("POST", "/api/tasks?dry=1", TASK),
        ("PUT", "/api/tasks/{id}", TASK),
        ("PATCH", "/api/tasks/{id}", TASK),
        ("DELETE", "/api/tasks/{id}", None),
    ],
)
async def test_a_key_of_another_request_is_refused(ada: Person, method: str, path: str, body: Any) -> None:
    task = (await create(ada)).json()
    refused = await send(ada, method, path.format_map(task), body=body)
    assert (refused.status_code, refused.json()["code"], replayed(refused)) == (
        422,
        "IDEMPOTENCY_KEY_REUSED",
        False,
    )
    assert len(await ada.changes()) == 1
    assert replayed(await create(ada))


@pytest.mark.spec("SAFE-011")
async def test_the_same_change_of_another_task_is_another_request(ada: Person) -> None:
    first, second = await ada.create_task(), await ada.create_task()
    await send(ada, "PATCH", f"/api/tasks/{first['id']}", body={"title": "Pay more"})
    refused = await send(ada, "PATCH", f"/api/tasks/{second['id']}", body={"title": "Pay more"})
    assert refused.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.spec("SAFE-011")
async def test_the_same_body_at_the_same_address_by_another_method_is_another_request(ada: Person) -> None:
    path = f"/api/tasks/{(await ada.create_task())['id']}"
    await send(ada, "PATCH", path, body={"title": "Pay more"})
    assert (await send(ada, "PUT", path, body={"title": "Pay more"})).json()[
        "code"
    ] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize("query", ["a=%C3%BC", "a=\xff", "a=%FF", "%00"])
async def test_a_query_of_any_bytes_is_part_of_the_request(app: FastAPI, ada: Person, query: str) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/tasks",
        "query_string": query.encode("latin-1"),
        "root_path": "",
    }
    headers = [
        (b"idempotency-key", b"k"),
        (b"content-type", b"application/json"),
        (b"authorization", ada.client.headers["Authorization"].encode()),
    ]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"title":"Pay rent"}', "more_body": False}

    async def note(message: Any) -> None:
        sent.append(message)

    for _copy in range(2):
        await app(
            scope | {"headers": headers, "scheme": "http", "server": ("agendum.test", 80)}, receive, note
        )
    assert [message["status"] for message in sent if "status" in message] == [201, 201]
    assert len(await ada.changes()) == 1


@pytest.mark.spec("SAFE-011")
async def test_the_keys_of_two_people_are_independent(ada: Person, bob: Person) -> None:
    answers = [await create(person) for person in (ada, bob, ada, bob)]
    assert [replayed(answer) for answer in answers] == [False, False, True, True]
    assert [told(answer) for answer in answers[:2]] == [told(answer) for answer in answers[2:]]
    assert answers[0].json()["id"] != answers[1].json()["id"]


@pytest.mark.spec("SAFE-011")
async def test_a_replay_needs_the_same_person_and_not_the_same_token(app: FastAPI, ada: Person) -> None:
    first = await create(ada)
    other = access_token(app.state.runtime, ada.user_id, exp=int(datetime.now(UTC).timestamp()) + 60)
    async with open_client(app, {"Authorization": f"Bearer {other}"}) as client:
        assert told(await create(Person(ada.user_id, client))) == told(first)
    async with open_client(app) as nobody:
        assert (await create(Person("", nobody))).status_code == 401


@pytest.mark.spec("SAFE-011")
@pytest.mark.parametrize(
    "key",
    ["", '""', "k" * 256, '"' + "k" * 256 + '"', "two words", "k\x01", "\xfc", '"open', '"a", "b"', '"a";b'],
)
async def test_what_is_no_key_is_refused_by_the_name_of_its_header(ada: Person, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    refused = await ada.client.post("/api/tasks", json=TASK, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "VALIDATION_ERROR")
    assert refused.json()["errors"] == [
        {"field": "Idempotency-Key", "message": "must be one key of 1 to 255 visible characters"}
    ]
    assert await ada.changes() == []


@pytest.mark.spec("SAFE-011")
async def test_two_keys_are_refused(ada: Person) -> None:
    refused = await ada.client.post(
        "/api/tasks", json=TASK, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    )
    assert refused.status_code == 422
    assert await ada.changes() == []
