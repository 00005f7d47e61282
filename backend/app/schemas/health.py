"""Health on the wire."""

from typing import Literal

from app.schemas.base import Output, example


class HealthRead(Output):
    """The service answers, or is ready."""

    model_config = example({"status": "ok"})

    status: Literal["ok"]
