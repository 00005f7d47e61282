"""Who may look at the service from outside: metrics by a token, and traces."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class ObservationSettings(BaseSettings):
    """What is shown to those who watch the service."""

    metrics_token: SecretStr | None = Field(default=None, alias="AGENDUM_METRICS_TOKEN")
    traces: bool = Field(default=False, alias="AGENDUM_TRACES")
