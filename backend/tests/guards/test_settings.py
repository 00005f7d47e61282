"""The table of settings in the guide has every setting, and no other."""

import re
from pathlib import Path

import pytest

from app.config import Settings

GUIDE = Path(__file__).parents[3] / "docs/operations.md"
_NAME = re.compile(r"`([A-Z][A-Z_]+)`")


@pytest.mark.spec("OPS-009")
def test_the_guide_has_a_row_for_every_setting() -> None:
    section = GUIDE.read_text().partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in _NAME.findall(row)]
    assert sorted(named) == sorted(str(field.alias) for field in Settings.model_fields.values())
