"""Log lines: one JSON object a line, or readable text for a person who develops. It decides nothing about what is logged."""

import logging
import sys

import orjson
import structlog
from structlog.typing import Processor


def configure_logging(*, as_json: bool, debug: bool) -> None:
    """Send every log line, of structlog and of the standard library, to standard output in one form.

    Args:
        as_json: One JSON object a line; otherwise text, coloured on a terminal.
        debug: Whether DEBUG is written too.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = _json() if as_json else [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())]
    level = logging.DEBUG if debug else logging.INFO
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_foreign(ending)))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)


def _json() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=lambda event, **_: orjson.dumps(event, default=str).decode()),
    ]


def _foreign(ending: list[Processor]) -> list[Processor]:
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
