"""The linters that front-end developers use have nothing to say about the OpenAPI document."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workshop import FOLDER, NODE, fresh_folder, run

pytestmark = pytest.mark.clients


def faults_by_redocly(document: Path) -> list[str]:
    """List the faults that Redocly's recommended rules find."""
    command = (
        NODE / "redocly",
        "lint",
        "--extends",
        "recommended",
        "--format",
        "json",
        "--max-problems",
        "1000",
    )
    try:
        said = run(*command, document, within=document.parent)
    except AssertionError as failure:
        said = str(failure)
    return [
        problem["ruleId"] for problem in json.JSONDecoder().raw_decode(said[said.index("{") :])[0]["problems"]
    ]


def faults_by_spectral(document: Path) -> list[str]:
    """List the faults that Spectral's recommended rules find, hints included."""
    report = document.with_suffix(".spectral.json")
    command = (
        NODE / "spectral",
        "lint",
        "--ruleset",
        FOLDER / "spectral.yaml",
        "--format",
        "json",
        "--output",
        report,
    )
    try:
        run(*command, document, within=document.parent)
    except AssertionError:
        assert report.exists()
    return [fault["code"] for fault in json.loads(report.read_text())]


@pytest.mark.spec("SPEC-011")
def test_redocly_and_spectral_find_nothing(document: Path) -> None:
    assert (faults_by_redocly(document), faults_by_spectral(document)) == ([], [])


def test_what_they_would_find_is_seen(openapi: dict[str, Any]) -> None:
    careless = deepcopy(openapi)
    del careless["info"]["license"], careless["info"]["contact"]
    path = fresh_folder("careless") / "openapi.json"
    path.write_text(json.dumps(careless))
    assert (faults_by_redocly(path), faults_by_spectral(path)) == (["info-license"], ["info-contact"])
