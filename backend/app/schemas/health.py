"""Health on the wire."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Output, example


class HealthRead(Output):
    """The service answers, or is ready."""

    model_config = example({"status": "ok"})

    status: Literal["ok"] = Field(description="Always `ok`: what is not is an error.")
