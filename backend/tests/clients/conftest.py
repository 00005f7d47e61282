"""The document as the tools are given it: a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workshop import GENERATED


@pytest.fixture(scope="session")
def document(openapi: dict[str, Any], worker_id: str) -> Path:
    """The path of the OpenAPI document."""
    GENERATED.mkdir(exist_ok=True)
    path = GENERATED / f"openapi-{worker_id}.json"
    path.write_text(json.dumps(openapi, indent=2))
    return path
