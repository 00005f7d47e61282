"""The JSON door: one file for each resource, and `ROUTERS`, where each is entered.

A route is one service call and one answer.
"""

from app.routes import (
    audit,
    bulk,
    categories,
    changes,
    comments,
    documentation,
    email_verification,
    front,
    health,
    link_pages,
    metrics,
    password_reset,
    personal_tokens,
    portability,
    problem_pages,
    profile,
    registration,
    saved_filters,
    sessions,
    sign_in,
    tags,
    tasks,
    trash,
    users,
)

# What the parts of the API are about, by the tags of their routers.
SECTIONS = {
    "accounts": "Registering, logging in and out, your sessions, your profile, and all that is yours in one document.",
    "personal tokens": "Credentials for scripts: each allows some scopes until a day, and can be revoked.",
    "tasks": "What is to be done: one at a time, or up to 100 in one request.",
    "categories": "The lists or projects that tasks are in, in a manual order.",
    "tags": "Names that tasks have any number of.",
    "comments": "What is said about a task.",
    "filters": "Questions to the task list that are kept under a name.",
    "trash": "What was deleted in the last 30 days: restore it, or remove it for good.",
    "changes": "Everything that happened, in one sequence without a gap: to synchronise by, and to undo.",
    "administration": "Who is here, and who may come in: for administrators, who see nothing of anybody's tasks.",
    "health": "Whether the process lives, and whether it can serve.",
}
# In the order in which addresses are tried, and in which the document names them.
ROUTERS = (
    *(
        *(registration.router, sign_in.router, sessions.router, password_reset.router),
        *(email_verification.router, profile.router, portability.router, personal_tokens.router),
        *(tasks.router, bulk.router, changes.router, health.router, documentation.router),
    ),
    *(categories.router, tags.router, comments.router, saved_filters.router, trash.router),
    *(users.router, audit.router),
    *(front.router, problem_pages.router, link_pages.router, metrics.router),
)
