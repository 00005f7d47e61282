"""A profiled service: cProfile around every request of the real application, and its self time added up by library.

It slows the service down, so nothing that is measured elsewhere may run under it.
"""

import atexit
import cProfile
import os
import pstats
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from app.config import Settings
from app.console.commands import command_line
from app.main import create_app

FILE_VARIABLE = "BENCH_PROFILE"
_SHOWN = 15
_IDLE = "event loop and waiting"

Place = tuple[str, int, str]
Callers = Mapping[Place, tuple[int, int, float, float]]


def serve() -> None:
    """Run the service's own command line with the profiled application."""
    command_line(_create_profiled)()


def _create_profiled(settings: Settings) -> ASGIApp:
    """Make the application with a profiler that starts at the first request and is saved when the process ends."""
    application, profile, started = create_app(settings), cProfile.Profile(), False
    atexit.register(profile.dump_stats, os.environ[FILE_VARIABLE])

    async def profiled(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal started
        if scope["type"] == "http" and not started:
            started = True
            profile.enable()
        await application(scope, receive, send)

    return profiled


def by_library(file: Path) -> list[tuple[str, float]]:
    """Give the libraries with the share of self time that each one has; what is compiled counts for who called it."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for library, own in _self_times(file):
        seconds[library] += own
    seconds.pop(_IDLE, None)
    total = sum(seconds.values())
    ordered = sorted(seconds.items(), key=itemgetter(1), reverse=True)
    return [(name, own / total) for name, own in ordered[:_SHOWN]]


def _self_times(file: Path) -> Iterator[tuple[str, float]]:
    for place, (_, _, own, _, callers) in _stats(file).items():
        if place[0] == "~":
            yield from ((_library(caller[0]), times[2]) for caller, times in callers.items())
        else:
            yield _library(place[0]), own


def _stats(file: Path) -> dict[Place, tuple[int, int, float, float, Callers]]:
    return pstats.Stats(str(file)).stats  # type: ignore[attr-defined, no-any-return]


def _library(file: str) -> str:
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py")
    if "app" in parts:
        return "agendum"
    return _IDLE if "asyncio" in parts or file == "~" else "standard library"


if __name__ == "__main__":
    serve()
