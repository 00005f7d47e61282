"""`make bench`: prepare the data, start the floor and the service, measure both interleaved, print the tables.

It talks to the loopback only, ends by itself, and leaves nothing behind.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import uvloop

from app.database.embedded.server import EmbeddedError, EmbeddedPostgres
from bench import distance, profiling, report, suites, workers
from bench.fairness import UnfairError
from bench.operations import OPERATIONS
from bench.servers import ServerError, scratch_folder
from bench.stage import Stage, set_stage

_LONGEST_SLICE = 60.0
_SUITES = ("floor", "people", "distance", "workers")


def main() -> int:
    """Run the bench and give the exit status: 1 when a gate is exceeded, 2 when there is no result."""
    options = _read_options()
    # Both end the run through every clean-up, also where a shell runs it in the background and Ctrl-C is ignored.
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, signal.default_int_handler)
    try:
        with (
            scratch_folder() as folder,
            EmbeddedPostgres(folder / "postgres") as database,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(_run(database.url, folder, options))
    except KeyboardInterrupt:
        report.write("\nstopped")
        return 130
    except (ConnectionError, EmbeddedError, ServerError, UnfairError) as error:
        report.write(f"\nno result: {error}")
        return 2


async def _run(url: str, folder: Path, options: argparse.Namespace) -> int:
    effort = suites.Effort(options.rounds, options.seconds, options.concurrency)
    if options.profile:
        return await _profile(url, folder, operation=options.profile, effort=effort)
    report.write("seeding 1,000 people with 200 tasks each, one with 100,000 and one with 100 ...")
    async with set_stage(url, folder, profile=None) as stage:
        await _describe(stage, effort)
        return await _measure(stage, options, effort)


async def _measure(stage: Stage, options: argparse.Namespace, effort: suites.Effort) -> int:
    comparisons: list[report.Comparison] = []
    if "floor" in options.suites:
        comparisons = await suites.compare_operations(stage, options.only, effort)
        report.write_comparisons(comparisons)
        report.write()
    if "people" in options.suites and "list" in options.only:
        report.write_heavy(await suites.compare_people(stage.service, effort))
        report.write()
    if "distance" in options.suites:
        report.write_distance(await distance.measure(stage, options.only))
        report.write()
    if "workers" in options.suites and set(options.only) & set(workers.MEASURED):
        workers.write_scalings(await workers.compare_workers(stage, options.only, effort))
    return 0 if all(comparison.within_gate() for comparison in comparisons) else 1


async def _profile(url: str, folder: Path, *, operation: str, effort: suites.Effort) -> int:
    file = folder / "profile"
    async with set_stage(url, folder, profile=file) as stage:
        await suites.load_service(stage.service, OPERATIONS[operation], effort)
    report.write_shares(operation, profiling.by_library(file))
    return 0


async def _describe(stage: Stage, effort: suites.Effort) -> None:
    version, flush, commit = await stage.owner.fetchrow(
        "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
    )
    report.write(
        f"PostgreSQL {version}, fsync {flush}, synchronous_commit {commit}; "
        f"{effort.rounds} rounds of {effort.seconds:g} s, concurrency {effort.concurrency}\n"
    )


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=_number(int, 1, 100), default=7, help="rounds, each of every case once (7)"
    )
    parser.add_argument(
        "--seconds", type=_number(float, 0.1, _LONGEST_SLICE), default=1.0, help="length of a slice (1)"
    )
    parser.add_argument("--concurrency", type=_number(int, 1, 256), default=8, help="requests in flight (8)")
    parser.add_argument(
        "--only", type=_names(OPERATIONS), default=[*OPERATIONS], help="operations, by commas"
    )
    parser.add_argument("--suites", type=_names(_SUITES), default=[*_SUITES], help="tables, by commas")
    parser.add_argument(
        "--profile", choices=OPERATIONS, help="profile the service in one operation instead of measuring"
    )
    return parser.parse_args()


def _number(kind: Callable[[str], float], lowest: float, highest: float) -> Callable[[str], float]:
    """Make the reader of an option that has bounds."""

    def read(text: str) -> float:
        value = kind(text)
        if not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"must be from {lowest:g} to {highest:g}")
        return value

    return read


def _names(known: Collection[str]) -> Callable[[str], list[str]]:
    """Make the reader of an option that names some of what is known."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := sorted(set(names) - set(known)):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")
        return names

    return read


if __name__ == "__main__":
    sys.exit(main())
