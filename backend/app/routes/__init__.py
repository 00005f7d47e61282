"""The JSON door: one file for each resource, and `ROUTERS`, where each is entered. A route is one service call and one answer."""

from app.routes import (
    accounts,
    bulk,
    categories,
    changes,
    comments,
    documentation,
    front,
    health,
    problem_pages,
    saved_filters,
    tags,
    tasks,
    trash,
)

# In the order in which addresses are tried, and in which the document names them.
ROUTERS = (
    *(accounts.public, accounts.router, tasks.router, bulk.router, changes.router, health.router, documentation.router),
    *(categories.router, tags.router, comments.router, saved_filters.router, trash.router),
    *(front.router, problem_pages.router),
)
