"""Health on the wire."""

from typing import Literal

from pydantic import ConfigDict

from app.schemas.base import Output


class HealthRead(Output):
    """The service answers, or is ready."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"]
