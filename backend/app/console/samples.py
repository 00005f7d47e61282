"""What `agendum demo` puts into an account: a few weeks of a plausible life, around the day of asking.

It sends nothing.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple

CATEGORIES = {"Home": "#2b8a3e", "Work": "#1971c2", "Garden": "#e8590c"}
TAGS = {"errand": "#f08c00", "phone": "#9c36b5", "waiting": "#868e96"}
FILTERS: dict[str, dict[str, Any]] = {
    "Due soon": {"status": "open", "no_due": False, "sort": ["due", "-priority"]},
    "Errands": {"status": "open", "tag": ["errand"]},
}


class Sample(NamedTuple):
    """A task of the demonstration.

    `content` are fields as the API takes them; `due_in` counts days from the day of asking; `below` is the title of its
    parent, which comes before it; `comment` is a comment on it.
    """

    title: str
    content: dict[str, Any]
    category: str | None = None
    tags: tuple[str, ...] = ()
    due_in: int | None = None
    at: str | None = None
    below: str | None = None
    comment: str | None = None

    def body(self, today: date, *, timezone: str) -> dict[str, Any]:
        """Return the content of the task without what it refers to; a time of day is one in this zone."""
        if self.due_in is None:
            return {"title": self.title, **self.content}
        due = {"date": (today + timedelta(days=self.due_in)).isoformat()}
        moment = {} if self.at is None else {"time": self.at, "timezone": timezone}
        return {"title": self.title, **self.content, "due": due | moment}


TASKS = (
    Sample("Pay the rent", {"priority": "high"}, "Home", due_in=3, at="09:00"),
    Sample(
        "Paint the kitchen",
        {"priority": "medium", "description": "Two coats; the *matt* white."},
        "Home",
        due_in=12,
    ),
    Sample("Measure the walls", {"completed": True}, "Home", below="Paint the kitchen"),
    Sample(
        "Buy paint and rollers",
        {},
        "Home",
        ("errand",),
        due_in=5,
        below="Paint the kitchen",
        comment="10 litres will do.",
    ),
    Sample("Call the dentist", {"priority": "low"}, None, ("phone",), due_in=-1),
    Sample("Prepare the quarterly figures", {"priority": "urgent"}, "Work", due_in=1, at="14:30"),
    Sample(
        "Ask for the missing invoices",
        {},
        "Work",
        ("phone", "waiting"),
        below="Prepare the quarterly figures",
    ),
    Sample("Review the budget", {"completed": True}, "Work", below="Prepare the quarterly figures"),
    Sample("Write the minutes of Monday", {}, "Work", due_in=0),
    Sample("Order seeds", {"completed": True}, "Garden", ("errand",)),
    Sample("Cut the apple tree", {}, "Garden", due_in=20, comment="Before the sap rises, on a dry day."),
    Sample("Read the book that Anna lent", {"priority": "low"}),
)
