"""What stands at the addresses that somebody tries first.

The front page, the way into the API, and a page for each problem.
"""

import re
from http import HTTPStatus

import httpx2
import pytest

from app import __version__
from app.domain.errors import AgendumError
from app.http.explanations import TEXTS, explanations
from app.http.problems import status_of
from app.schemas.plain_problems import PLAIN, plain_words
from app.schemas.problem import type_of
from tests.guards.test_errors import REFUSALS

pytestmark = pytest.mark.broad

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
CODES = {refusal.code for refusal in REFUSALS} | {code for code, _title, _detail in PLAIN.values()}
CANARY = "canary-7f3a"


def links(page: httpx2.Response) -> set[str]:
    """Return the addresses that a page loads or leads to."""
    return set(re.findall(r'(?:src|href)="([^"]*)"', page.text))


async def answers_of(client: httpx2.AsyncClient, addresses: set[str]) -> dict[str, int]:
    return {address: (await client.get(address)).status_code for address in addresses}


@pytest.mark.spec("OPS-051")
async def test_the_front_page_leads_on(client: httpx2.AsyncClient) -> None:
    page = await client.get("/")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert {"/docs", "/openapi.json", "/api", "/problems", "/health/ready"} <= links(page)
    assert set((await answers_of(client, links(page))).values()) == {200}


@pytest.mark.spec("OPS-051")
async def test_a_program_finds_the_addresses_below_api(client: httpx2.AsyncClient) -> None:
    found = (await client.get("/api")).json()
    assert (found.pop("name"), found.pop("version")) == ("Agendum", __version__)
    addresses = {*found.pop("health").values(), *found.values()}
    # What needs a caller, or another method, is there as well.
    assert set((await answers_of(client, addresses)).values()) == {200, 401, 405}


@pytest.mark.spec("OPS-007", "OPS-051", "OPS-052")
@pytest.mark.parametrize("path", ["/", "/problems", "/problems/not-found"])
async def test_a_page_runs_no_script_and_asks_no_other_host(client: httpx2.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert page.headers["Content-Security-Policy"] == POLICY
    assert all(link.startswith("/") and not link.startswith("//") for link in links(page))
    assert not re.search(r"<script|<style|<form|\son\w+=|style=|http:|https:", page.text)


@pytest.mark.spec("OPS-051")
@pytest.mark.parametrize(
    ("path", "kind"), [("/favicon.ico", "image/x-icon"), ("/robots.txt", "text/plain; charset=utf-8")]
)
async def test_what_is_asked_for_by_itself_is_there(client: httpx2.AsyncClient, path: str, kind: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"], bool(answer.content)) == (200, kind, True)


@pytest.mark.spec("OPS-052")
def test_every_code_is_explained_and_nothing_else_is() -> None:
    assert TEXTS.keys() == CODES
    assert len({meaning for meaning, _remedy in TEXTS.values()}) == len(TEXTS)


@pytest.mark.spec("OPS-052")
@pytest.mark.parametrize("code", sorted(CODES))
async def test_the_type_of_a_problem_is_a_page_that_explains_it(
    client: httpx2.AsyncClient, code: str
) -> None:
    page = await client.get(type_of(code))
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert all(part in page.text for part in (f"<code>{code}</code>", "What it means", "What to do"))
    assert "$" not in page.text


@pytest.mark.spec("OPS-052")
async def test_a_status_that_has_nothing_but_its_name_has_a_page_too(client: httpx2.AsyncClient) -> None:
    codes = {plain_words(status)[0] for status in HTTPStatus if status >= 400}
    assert set((await answers_of(client, {type_of(code) for code in codes})).values()) == {200}


@pytest.mark.spec("OPS-052")
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_page_tells_the_status_that_is_answered(refusal: type[AgendumError]) -> None:
    explained = explanations()[type_of(refusal.code).rpartition("/")[2]]
    assert (explained.code, explained.title, explained.status) == (
        refusal.code,
        refusal.title,
        status_of(refusal),
    )


@pytest.mark.spec("OPS-052")
async def test_the_list_of_problems_leads_to_each_of_them(client: httpx2.AsyncClient) -> None:
    page = await client.get("/problems")
    assert {link for link in links(page) if link.startswith("/problems/")} == {
        type_of(code) for code in CODES
    }


@pytest.mark.spec("OPS-052", "OPS-001")
@pytest.mark.parametrize(
    "kind", [CANARY, "NOT-FOUND", f"<script>{CANARY}", "not-found%00", "$title", "..%2fnot-found"]
)
async def test_another_kind_of_problem_is_404_and_not_repeated(client: httpx2.AsyncClient, kind: str) -> None:
    answer = await client.get(f"/problems/{kind}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert CANARY not in answer.text


@pytest.mark.spec("OPS-053")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/"),
        ("GET", "/api/tasks/"),
        ("POST", "/api/tasks//"),
        ("PATCH", "/api/tasks/019aa4b2-7c1e-7d3f-9b51-0c6f3a1d2e4f/"),
        ("POST", "/auth/login/"),
        ("GET", "/problems/not-found/"),
    ],
)
async def test_a_slash_at_the_end_is_told(client: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    told = (answer.status_code, answer.json()["code"], answer.json()["detail"])
    assert told == (
        404,
        "NOT_FOUND",
        "There is nothing at this address; without the slash at its end there is.",
    )


@pytest.mark.spec("OPS-053")
@pytest.mark.parametrize("path", ["/docs/", "/problems/"])
async def test_a_page_with_a_slash_leads_to_the_page_without_and_repeats_no_host(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"Host": CANARY})
    assert (answer.status_code, answer.headers["Location"]) == (307, f"..{path.rstrip('/')}")
    followed = await client.get(path, follow_redirects=True)
    assert (followed.status_code, followed.url.path) == (200, path.rstrip("/"))
