"""The documentation page in a real browser: somebody logs in there, and what it fills in works when it is sent."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

import httpx2
import pytest
from uuid_utils.compat import uuid7

from tests.doors.browser import PROGRAM, DocumentationPage, Visit, started_browser, visiting
from tests.doors.service import Service, running, scratch_folder
from tests.guards.makers import RECIPES
from tests.guards.operations import ADMINISTRATION
from tests.server import copy_database, drop_database, run, url_of

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
    # One browser at a time.
    pytest.mark.xdist_group("browser"),
]
OpenPage = Callable[..., AbstractContextManager[Visit]]
PASSWORD = "correct horse battery"
# What names another one of the reader's own things, which no example can know.
ASKS_FOR_AN_ID = {"changeTaskTags": "add", "moveTask": "after", "moveCategory": "after"}


@pytest.fixture(scope="module")
def service(template: str, worker_id: str) -> Iterator[Service]:
    name = f"pages_{worker_id}"
    run(copy_database(template, name))
    with scratch_folder() as folder, running(folder, DATABASE_URL=url_of(name)) as started:
        yield started
    run(drop_database(name))


@pytest.fixture(scope="module")
def address(service: Service) -> str:
    return f"http://127.0.0.1:{service.port}"


@pytest.fixture(scope="module")
def open_page(address: str) -> Iterator[OpenPage]:
    """Pages of one browser, which ends before the service does."""
    with started_browser() as browser:
        yield partial(visiting, browser, address)


@pytest.fixture
def visit(open_page: OpenPage) -> Iterator[Visit]:
    """A page that does nothing wrong in any of these tests."""
    with open_page() as visit:
        yield visit
        assert visit.faults == []


@pytest.fixture
def page(visit: Visit) -> DocumentationPage:
    return DocumentationPage(visit)


@pytest.fixture
def email() -> str:
    return f"{uuid7()}@example.com"


@pytest.fixture
def owner(service: Service, email: str) -> Iterator[httpx2.Client]:
    """A client of somebody who is registered; the page's reader is the same person."""
    service.client.post("/auth/register", json={"email": email, "password": PASSWORD, "name": "Ada"})
    with httpx2.Client(
        base_url=service.client.base_url, headers={"Authorization": f"Bearer {token_of(service, email)}"}
    ) as client:
        yield client


def token_of(service: Service, email: str) -> str:
    return str(
        service.client.post("/auth/login", json={"email": email, "password": PASSWORD}).json()["access_token"]
    )


def make(owner: httpx2.Client, kind: str, known: dict[str, str]) -> str:
    """Make what a path parameter names, and return its id."""
    recipe = RECIPES[kind]
    path = recipe.path.format_map(known)
    made = owner.post(path, json=recipe.body("somebody"))
    assert made.status_code == 201, made.text
    if kind == "seq":
        return str(owner.get("/api/changes", params={"after": 0}).json()["items"][-1]["seq"])
    return str(made.json()["id"])


def values_for(owner: httpx2.Client, name: str, parameters: list[str]) -> dict[str, str]:
    """Make what an operation names in its address, in the state in which it can be carried out."""
    values: dict[str, str] = {}
    for parameter in parameters:
        values[parameter] = make(owner, parameter, values)
    if name in ("restoreTask", "purgeTask"):
        owner.delete(f"/api/tasks/{values['task_id']}")
    return values


def left_out(owner: httpx2.Client) -> set[str]:
    """Name what takes a session, a token or a role of its own, ends what the reader goes on with, or is a file."""
    paths = owner.get("/openapi.json").json()["paths"]
    return {
        operation["operationId"]
        for path, item in paths.items()
        for method, operation in item.items()
        if (path.startswith("/auth/") and path not in ("/auth/register", "/auth/login"))
        or path.startswith((*ADMINISTRATION, "/api/me/"))
        or (method, path) == ("delete", "/api/me")
    }


@pytest.mark.spec("OPS-019", "OPS-050")
def test_somebody_registers_in_the_page_and_does_a_days_work(page: DocumentationPage, email: str) -> None:
    page.register(email, PASSWORD)
    assert page.says(f"Ada ({email})")
    creating = page.operation("createTask")
    created = [creating.execute(), creating.execute()]
    first, second = (task for _, task in created)
    assert ([status for status, _ in created], first["id"] != second["id"]) == ([201, 201], True)
    assert page.operation("updateTask").fill(task_id=first["id"]).execute()[0] == 200
    assert page.operation("replaceTask").fill(task_id=first["id"]).execute()[0] == 200
    assert page.operation("completeTask").fill(task_id=first["id"]).execute()[1]["completed"] is True
    status, listed = page.operation("listTasks").execute()
    assert (status, [task["id"] for task in listed["items"]]) == (200, [second["id"], first["id"]])
    assert page.operation("deleteTask").fill(task_id=first["id"]).execute() == (204, None)
    assert page.operation("listTasks").execute()[1]["total"] == 1


@pytest.mark.spec("OPS-050")
@pytest.mark.timeout(300)
def test_every_operation_works_as_it_is_filled_in(visit: Visit, owner: httpx2.Client, email: str) -> None:
    visit.leave_out_refusals()
    page = DocumentationPage(visit)
    page.log_in(email, PASSWORD)
    assert page.says(email)
    answers = {}
    others = left_out(owner)
    for name, operation in page.one_by_one(others):
        assert operation.filled_in("header") == {}, name
        operation.fill(**values_for(owner, name, operation.parameters()))
        answers[name] = operation.execute()
    refused = {name: answer for name, answer in answers.items() if not 200 <= answer[0] < 300}
    # Ada of the examples is nobody before `register`, which comes first.
    assert {
        name: (status, [error["field"] for error in answer["errors"]])
        for name, (status, answer) in refused.items()
    } == {name: (422, [field]) for name, field in ASKS_FOR_AN_ID.items()}
    assert len(answers) > 40


@pytest.mark.spec("OPS-019")
@pytest.mark.usefixtures("owner")
def test_a_refused_login_is_told_and_another_one_goes_on(page: DocumentationPage, email: str) -> None:
    page.log_in(email, "another password")
    assert page.says("The e-mail or the password is wrong.")
    page.register("nobody", "short")
    assert page.form.get_by_label("E-mail").evaluate("field => field.validity.valid") is False
    page.register(f"2.{email}", "short")
    assert page.says("password: ")
    page.log_in(email, PASSWORD)
    assert page.says(email)
    assert page.operation("readProfile").execute()[1]["email"] == email
    page.form.get_by_role("button", name="Log out").click()
    assert page.operation("readProfile").execute()[0] == 401


@pytest.mark.spec("OPS-019")
def test_a_token_is_pasted_and_kept_in_the_memory_of_the_page_alone(
    page: DocumentationPage, service: Service, email: str
) -> None:
    service.client.post("/auth/register", json={"email": email, "password": PASSWORD, "name": "Ada"})
    page.paste("no.token.atall")
    assert page.says("The bearer token is not acceptable.")
    token = token_of(service, email)
    page.paste(f"Bearer {token} ")
    assert page.says(email)
    assert page.operation("readProfile").execute()[1]["email"] == email
    kept = page.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert token not in kept
    assert token not in page.page.locator("form").inner_html()
    page.page.reload()
    assert page.says("Nobody yet")


@pytest.mark.spec("OPS-019")
@pytest.mark.usefixtures("owner")
def test_a_token_that_has_expired_is_told(page: DocumentationPage, email: str) -> None:
    page.page.clock.install()
    page.log_in(email, PASSWORD)
    assert page.says(f"{email}), until ")
    page.page.clock.fast_forward("15:00")
    assert page.says("The token has expired: log in again.")
    assert page.form.get_by_role("button", name="Log in").is_visible()
    assert page.operation("readProfile").execute()[0] == 401


@pytest.mark.spec("OPS-019")
@pytest.mark.usefixtures("owner")
def test_a_token_that_the_service_no_longer_takes_is_told(page: DocumentationPage, email: str) -> None:
    page.log_in(email, PASSWORD)
    assert page.says(email)
    # A token cannot be taken back before its end, so the network says that it was.
    page.page.route(
        "**/api/changes?*", lambda route: route.fulfill(status=401, json={"code": "INVALID_TOKEN"})
    )
    assert page.operation("listChanges").execute()[0] == 401
    assert page.says("The token was refused: log in again.")
    assert page.form.get_by_role("button", name="Log in").is_visible()


@pytest.mark.spec("OPS-019")
@pytest.mark.usefixtures("owner")
def test_a_token_that_comes_in_by_a_lock_counts_too(
    page: DocumentationPage, service: Service, email: str
) -> None:
    page.paste_into_lock(token_of(service, email))
    assert page.says(f"Ada ({email}), until ")
    assert page.operation("readProfile").execute()[1]["email"] == email
    page.form.get_by_role("button", name="Log out").click()
    page.paste_into_lock("an.old.token")
    assert page.says("The bearer token is not acceptable.")


@pytest.mark.spec("OPS-019")
@pytest.mark.usefixtures("owner")
def test_the_page_is_used_by_keyboard_and_fits_a_telephone(open_page: OpenPage, email: str) -> None:
    with open_page(width=390) as visit:
        page = DocumentationPage(visit)
        for keys in ("Tab", "Tab", email, "Tab", PASSWORD, "Enter"):
            page.page.keyboard.press(keys) if keys in ("Tab", "Enter") else page.page.keyboard.type(keys)
        assert page.says(email)
        assert page.page.evaluate("document.activeElement.id") == "said"
        assert page.page.evaluate("document.documentElement.scrollWidth") == 390
        assert visit.faults == []
