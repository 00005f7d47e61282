"""How many connections are served, and how a service takes its leave."""

from pydantic import Field
from pydantic_settings import BaseSettings


class ServingSettings(BaseSettings):
    """What the server asks of its clients and promises to its balancers."""

    max_connections: int | None = Field(default=None, ge=16, le=1_000_000, alias="AGENDUM_MAX_CONNECTIONS")
    drain_seconds: float | None = Field(default=None, ge=0, le=300, alias="AGENDUM_DRAIN_SECONDS")
