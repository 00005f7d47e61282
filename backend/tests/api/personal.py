"""Personal tokens for tests: how one is made, and what it can be altered to. It asserts no behaviour."""

from typing import Any

from tests.people import Person

PATH = "/api/personal-tokens"
Content = dict[str, Any]


async def make_token(person: Person, **content: Any) -> Content:
    """Make a personal token and return what the API answered, the token itself among it."""
    usual = {"name": "Backup", "scopes": ["tasks:read"]}
    response = await person.client.post(PATH, json=usual | content)
    assert response.status_code == 201, response.text
    made: Content = response.json()
    return made
