"""The documentation page as it is served: its files, its policy, and what its document says of callers.

A browser test uses it.
"""

import json
import re
from typing import Any

import httpx2
import pytest

from app.schemas.base import YOUR_ID
from spec_tools.openapi import read_operations
from tests.guards.operations import Operation

# Asked for below `/auth`, by somebody who is known.
_OF_CALLERS = {
    *("/auth/verify-email/send", "/auth/email", "/auth/password", "/auth/logout-all"),
    *("/auth/sessions", "/auth/sessions/{session_id}"),
}
IDENTIFIER = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.mark.spec("OPS-019")
async def test_the_documentation_needs_no_other_host(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    addresses = re.findall(r'<(?:link|script) [^>]*(?:src|href)="([^"]*)"', page.text)
    kinds = [(await client.get(address)).headers["Content-Type"].partition(";")[0] for address in addresses]
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert kinds == ["image/svg+xml", "text/css", "text/css", "text/javascript", "text/javascript"]
    assert "//" not in page.text
    assert "//" not in (await client.get("/docs/assets/docs.js")).text


@pytest.mark.spec("OPS-019", "OPS-007")
async def test_the_documentation_runs_no_script_but_its_own(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    policy = dict(
        directive.split(" ", 1) for directive in page.headers["Content-Security-Policy"].split("; ")
    )
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"<script>|<script [^>]*>[^<]|\son\w+=|javascript:", page.text)


@pytest.mark.spec("OPS-019", "AUTH-009")
async def test_the_documentation_takes_a_token_for_every_operation_that_needs_one(
    client: httpx2.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    [(name, scheme)] = document["components"]["securitySchemes"].items()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {path for path, _ in operations if path.startswith("/api/")} | {
        "/auth/login",
        "/auth/logout",
        "/auth/refresh",
        "/auth/register",
        "/auth/password-reset",
        "/auth/password-reset/confirm",
        "/auth/verify-email",
        "/health/live",
        "/health/ready",
    } | _OF_CALLERS == set(document["paths"])
    assert all(
        (operation.get("security") == [{name: []}]) is (path.startswith("/api/") or path in _OF_CALLERS)
        for (path, _), operation in operations.items()
    )


@pytest.mark.spec("OPS-050")
def test_no_header_has_a_value_that_the_page_would_send_unasked(openapi: dict[str, Any]) -> None:
    parameters = [
        parameter
        for operation in read_operations(openapi)
        for parameter in operation.content.get("parameters", ())
    ]
    headers = [parameter for parameter in parameters if parameter["in"] == "header"]
    assert [
        header["name"]
        for header in headers
        if {"example", "examples", "default"} & {*header, *header["schema"]}
    ] == []
    assert len(headers) > 20


@pytest.mark.spec("OPS-050")
def test_no_example_of_what_is_sent_names_an_id_that_is_not_there_or_hides_what_it_makes(
    operations: list[Operation],
) -> None:
    bodies = {str(operation): operation.body for operation in operations if operation.body is not None}
    # A document that is brought in says itself which ids its things have.
    assert {name for name, body in bodies.items() if {*IDENTIFIER.findall(json.dumps(body))} - {YOUR_ID}} == {
        "POST /api/me/import"
    }
    assert {name for name, body in bodies.items() if body.get("start_date") is not None} == set()
