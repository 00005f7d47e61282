"""Traces by OpenTelemetry, sent to where its own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`). Off unless asked for.

A span must hold nothing that somebody wrote.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from opentelemetry import trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# Spec: features/observability.md#OBS-007
# What somebody who asks has chosen: words to search for, a token in a link. The route is said in another attribute.
_CHOSEN = ("url.query", "url.path")


class TracesNotInstalledError(Exception):
    """The packages that send traces are not installed."""


def require_traces() -> None:
    """Refuse if traces cannot be sent.

    Raises:
        TracesNotInstalledError: The extra `traces` is not installed.
    """
    if find_spec("opentelemetry.sdk") is None or find_spec("opentelemetry.exporter") is None:
        raise TracesNotInstalledError


@contextmanager
def sending_traces(version: str) -> Iterator[None]:
    """Send a span for each request of this process for as long as the block lasts, from a thread of its own.

    Args:
        version: That of the service.
    """
    # Spec: features/observability.md#OBS-006
    provider = _provider(version)
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def _provider(version: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 (an extra)
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource  # noqa: PLC0415 (an extra)
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider  # noqa: PLC0415 (an extra)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 (an extra)

    class Redaction(SpanProcessor):
        def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002 (the interface)
            for name in _CHOSEN:
                if name in (span.attributes or ()):
                    span.set_attribute(name, "REDACTED")

    name = os.environ.get("OTEL_SERVICE_NAME", "agendum")
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name, SERVICE_VERSION: version}))
    provider.add_span_processor(Redaction())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
