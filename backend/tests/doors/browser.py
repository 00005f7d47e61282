"""A real browser on the service's own pages: it notes what a page did wrong, and never leaves the machine."""

import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    ViewportSize,
    sync_playwright,
)

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_SWITCHES = (
    "--no-sandbox",  # It cannot be had as root, and the pages are our own.
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
# What a browser logs of every answer that is an error, which the test that asked for it judges; and Swagger UI's words
# about itself.
_NO_FAULTS = ("Failed to load resource", "Deprecated: ")


def _without_refusals(route: Route) -> None:
    answer = route.fetch()
    document = answer.json()
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        responses = operation["responses"].items()
        operation["responses"] = {status: response for status, response in responses if status < "300"}
    route.fulfill(response=answer, json=document)


class Visit:
    """One page that somebody looks at.

    Attributes:
        page: The page.
        faults: What it did wrong: errors of scripts, breaches of its own policy, and requests to another host.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.faults: list[str] = []
        self._address = address
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)
        page.on("request", self._watch)

    def leave_out_refusals(self) -> None:
        """Let the OpenAPI document describe no error: drawing them takes the browser most of its time."""
        self.page.route("**/openapi.json", _without_refusals)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_NO_FAULTS):
            self.faults.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((f"{self._address}/", "data:")):
            self.faults.append(f"asks for {request.url}")


@contextmanager
def started_browser() -> Iterator[Browser]:
    """Run a browser until the block ends; meanwhile this thread cannot run an event loop of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=_SWITCHES)
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, address: str, *, width: int = 1200) -> Iterator[Visit]:
    """Open a page whose relative addresses are those of a service, and which shares nothing with other pages."""
    viewport: ViewportSize = {"width": width, "height": 900}
    page = browser.new_page(base_url=address, viewport=viewport, reduced_motion="reduce")
    page.set_default_timeout(60_000)
    yield Visit(page, address)
    page.close()


class DocumentationPage:
    """The documentation page, with what its reader does there.

    Args:
        visit: Where it is opened.
    """

    def __init__(self, visit: Visit) -> None:
        self.page = visit.page
        self.form = visit.page.locator(".caller")
        self.said = self.form.get_by_role("status")
        self.page.goto("/docs")
        self.page.locator(".opblock").first.wait_for()

    def says(self, text: str) -> bool:
        """Wait until it says something to its reader."""
        self.said.get_by_text(text).wait_for()
        return True

    def register(self, email: str, password: str) -> None:
        """Fill in the form for newcomers, and send it."""
        self.form.get_by_label("Register").check()
        self.form.get_by_label("Name", exact=True).fill("Ada")
        self.log_in(email, password, way="Register")

    def log_in(self, email: str, password: str, *, way: str = "Log in") -> None:
        """Fill in the form for those who are known, and send it."""
        self.form.get_by_label(way).check()
        self.form.get_by_label("E-mail").fill(email)
        self.form.get_by_label("Password").fill(password)
        self.form.get_by_role("button", name=way).click()

    def paste(self, token: str) -> None:
        """Call by a token that comes from elsewhere."""
        self.form.get_by_label("Paste a token").check()
        self.form.get_by_label("Access token").fill(token)
        self.form.get_by_role("button", name="Use the token").click()

    def paste_into_lock(self, token: str) -> None:
        """Call by a token that is given in the dialog of a lock."""
        self.page.locator("button.authorization__btn").first.click()
        self.page.locator(".modal-ux input").fill(token)
        self.page.get_by_role("button", name="Apply credentials").click()
        self.page.locator(".modal-ux .close-modal").click()

    def one_by_one(self, left_out: Container[str] = ()) -> Iterator[tuple[str, "OperationOnPage"]]:
        """Give every operation with its name, all others closed, so that the browser has little to draw."""
        ids = self.page.locator(".opblock").evaluate_all("blocks => blocks.map(block => block.id)")
        every = [(tag, name) for _, tag, name in (block.split("-", 2) for block in ids)]
        names = [(tag, name) for tag, name in every if name not in left_out]
        for tag in {tag for tag, _ in every} - {tag for tag, _ in names}:
            self._fold(tag)
        for tag in {tag for tag, _ in names}:
            self._fold(tag)
        for tag, name in names:
            self._fold(tag, away="false")
            yield name, self.operation(name)
            self.page.locator(f".opblock[id$='-{name}'] .opblock-summary-control").click()
            self._fold(tag)

    def _fold(self, tag: str, *, away: str = "true") -> None:
        self.page.locator(f".opblock-tag[id='operations-tag-{tag}'][data-is-open='{away}']").click()

    def operation(self, name: str) -> "OperationOnPage":
        """Open an operation."""
        block = self.page.locator(f".opblock[id$='-{name}']")
        if "is-open" not in (block.get_attribute("class") or ""):
            block.locator(".opblock-summary-control").click()
        block.locator("button.execute").wait_for()
        return OperationOnPage(block)


class OperationOnPage:
    """An operation that lies open, filled in as the page does it.

    Args:
        block: The element that holds it.
    """

    def __init__(self, block: Locator) -> None:
        self._block = block

    def filled_in(self, place: str) -> dict[str, str]:
        """Return the values that the page has filled in for parameters in a place, such as `header`."""
        rows = self._block.locator(f"tr[data-param-in='{place}']")
        values = {
            row.get_attribute("data-param-name") or "": row.locator("input, select").first.input_value()
            for row in rows.all()
        }
        return {name: value for name, value in values.items() if value}

    def parameters(self) -> list[str]:
        """Return the names of what its address lacks."""
        return [
            str(row.get_attribute("data-param-name"))
            for row in self._block.locator("tr[data-param-in='path']").all()
        ]

    def fill(self, **values: str) -> "OperationOnPage":
        """Fill in parameters."""
        for name, value in values.items():
            field = self._block.locator(f"tr[data-param-name='{name}'] input").first
            field.fill(value)
            # Until it loses the focus, the page waits whether more is typed.
            field.blur()
        return self

    def write(self, body: str) -> "OperationOnPage":
        """Write another body than the page's."""
        self._block.locator("textarea.body-param__text").fill(body)
        return self

    def execute(self) -> tuple[int, Any]:
        """Send it, and return the status and the content of the answer."""
        with self._block.page.expect_response(
            lambda response: "/openapi.json" not in response.url
        ) as waiting:
            self._block.locator("button.execute").click()
        answer = waiting.value
        shown = self._block.locator(".live-responses-table .response-col_status", has_text=str(answer.status))
        shown.first.wait_for()
        return answer.status, answer.json() if answer.body() else None
