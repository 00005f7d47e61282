"""Log lines: one JSON object a line, or readable text for a person who develops.

It decides nothing about what is logged.
"""

import logging
import sys

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure_logging(*, as_json: bool, debug: bool) -> None:
    """Send every log line, of structlog and of the standard library, to standard output in one form.

    Args:
        as_json: One JSON object a line; otherwise text, coloured on a terminal.
        debug: Whether DEBUG is written too, and the stack traces of libraries.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = (
        _json() if as_json else [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
    )
    level = logging.DEBUG if debug else logging.INFO
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # It writes a line and its end at once: those of several processes would mix where nothing is buffered.
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    theirs = shared if debug else [*shared, _without_trace]
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=theirs, processors=_foreign(ending))
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # Below this it speaks of single connections and of libraries to install; each request has a line of its own.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


def _without_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave the type of an exception alone: its message and its trace may hold a person's text."""
    # Spec: features/operations.md#OPS-006
    if (failure := event.pop("exc_info", None)) is not None:
        event["error"] = failure[0].__name__
    return event


def _json() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(
            serializer=lambda event, **_: orjson.dumps(event, default=str).decode()
        ),
    ]


def _foreign(ending: list[Processor]) -> list[Processor]:
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
