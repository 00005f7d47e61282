"""Fills an account of a running service with sample data, over HTTP and as any client would.

A second run adds nothing twice.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from types import TracebackType
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

import httpx2

from app.console.samples import CATEGORIES, FILTERS, TAGS, TASKS, Sample

_PATIENCE = 30.0


class DemoError(Exception):
    """The demonstration cannot be set up; the message says why and what to do."""


class Demonstration(AbstractContextManager["Demonstration"]):
    """An account that is being filled.

    Args:
        server: The address of the service.
        report: Told, in a line each, what is done.
    """

    def __init__(self, server: str, *, report: Callable[[str], None]) -> None:
        self._client = httpx2.Client(base_url=server, timeout=_PATIENCE)
        self._server, self._report, self._person = server, report, ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def sign_in(self, *, email: str, password: str) -> None:
        """Log in, as somebody who is registered first if nobody has this e-mail.

        Raises:
            DemoError: The service does not answer, or refuses.
        """
        credentials = {"email": email, "password": password}
        # First, because a password that was chosen under an earlier rule still logs in, and registers nobody.
        token = self._send("POST", "/auth/login", credentials, unless="WRONG_CREDENTIALS")
        registered = None if token is not None else self._register(credentials)
        self._report(f"{email} is registered already." if registered is None else f"Registered {email}.")
        token = token or self._send("POST", "/auth/login", credentials) or {}
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"
        self._person = (self._send("GET", "/api/me") or {})["id"]

    def _register(self, credentials: dict[str, str]) -> dict[str, Any] | None:
        """Register somebody, unless somebody has this e-mail."""
        body = {**credentials, "name": credentials["email"].partition("@")[0]}
        return self._send("POST", "/auth/register", body, unless="EMAIL_TAKEN")

    def fill(self, today: date, *, timezone: str) -> None:
        """Add what the samples hold and the account has not got, with dates around this day and times in this zone.

        Raises:
            DemoError: The service does not answer, or refuses.
        """
        # Spec: features/operations.md#OPS-070
        categories = {
            name: self._named("/api/categories", name, {"color": color}) for name, color in CATEGORIES.items()
        }
        tags = {name: self._named("/api/tags", name, {"color": color}) for name, color in TAGS.items()}
        for name, query in FILTERS.items():
            self._named("/api/filters", name, {"query": query})
        added = 0
        for sample in TASKS:
            references = {
                "category_id": None if sample.category is None else categories[sample.category],
                "tag_ids": [tags[name] for name in sample.tags],
                "parent_id": None if sample.below is None else self._id_of(sample.below),
            }
            added += self._add(sample, sample.body(today, timezone=timezone) | references)
        self._report(f"{added} tasks added, {len(TASKS) - added} were there already.")

    def _named(self, path: str, name: str, content: dict[str, Any]) -> str:
        """Return the id of something with a name, which is made if it is not there."""
        there = self._send("GET", f"{path}?limit=100") or {}
        thing = next((item for item in there["items"] if item["name"] == name), None)
        made = thing or self._send("POST", path, {"name": name, **content}) or {}
        return str(made["id"])

    def _add(self, sample: Sample, body: dict[str, Any]) -> bool:
        """Add a task with its comment, and tell so, unless it was added once, whatever has become of it since."""
        task_id = self._id_of(sample.title)
        if self._send("GET", f"/api/tasks/{task_id}", unless="NOT_FOUND") is not None:
            return False
        task = self._send("POST", "/api/tasks", {"id": task_id, **body}, unless="ID_TAKEN")
        if task is None or task["deleted_at"] is not None:
            return False
        if sample.comment is not None:
            self._send("POST", f"/api/tasks/{task_id}/comments", {"body": sample.comment})
        return True

    def _id_of(self, title: str) -> str:
        """Return the id that a sample has for this person, at every run the same."""
        return str(uuid5(NAMESPACE_URL, f"{self._person}/{title}"))

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, unless: str | None = None
    ) -> dict[str, Any] | None:
        """Send a request and return the body of its answer, or None for one refusal that is expected.

        Raises:
            DemoError: The service does not answer, or refuses for another reason.
        """
        try:
            response = self._client.request(method, path, json=body)
            answer: dict[str, Any] = response.json()
        except httpx2.TransportError as problem:
            raise DemoError(
                f"{self._server} does not answer; start the service there, or name another with --server"
            ) from problem
        except ValueError as problem:
            raise DemoError(f"what answers at {self._server} is not Agendum") from problem
        if response.is_success:
            return answer
        if unless is not None and answer.get("code") == unless:
            return None
        raise DemoError(f"{self._server} refuses: {answer.get('detail', response.status_code)}")
