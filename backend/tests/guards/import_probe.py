"""A program that imports modules and prints, as JSON, what their import did beyond making names.

Must run in a process of its own: an audit hook cannot be taken off again.
"""

import gc
import json
import os
import sys
import wsgiref.handlers  # noqa: F401 (it copies the environment, for whoever imports it first)
from collections.abc import Iterable
from importlib import import_module

FORBIDDEN_EVENTS = frozenset(
    {
        *(
            "os.chmod",
            "os.chown",
            "os.fork",
            "os.forkpty",
            "os.mkdir",
            "os.posix_spawn",
            "os.remove",
            "os.rename",
            "os.rmdir",
            "os.system",
        ),
        *("socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess.Popen"),
    }
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
BUILT_BY_USE = frozenset({"AsyncEngine", "Engine", "FastAPI", "Pool", "Settings"})


def watch(effects: list[str]) -> None:
    """Write down from now on each effect on the world outside the process, as text, into the given list."""

    def hook(event: str, details: tuple[object, ...]) -> None:
        if event in FORBIDDEN_EVENTS or (event == "open" and _writes(details[2])):
            effects.append(f"{event} {details[0]}")

    sys.addaudithook(hook)


def watch_environment(names: Iterable[str], effects: list[str]) -> None:
    """Write down from now on each reading of a named environment variable, or of any of our own."""
    watched, read = frozenset(names), os._Environ.__getitem__

    def reading(self: os._Environ[str], key: str) -> str:
        if key in watched or key.startswith("AGENDUM_"):
            effects.append(f"environment {key}")
        return read(self, key)

    os._Environ.__getitem__ = reading  # type: ignore[method-assign, assignment]


def things_built() -> list[str]:
    """Name the engines, applications and settings that exist in this process."""
    kinds = [type(thing) for thing in gc.get_objects()]
    return sorted(
        {f"instance {kind.__module__}.{kind.__name__}" for kind in kinds if kind.__name__ in BUILT_BY_USE}
    )


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & WRITING)


def run(modules: list[str], variables: list[str]) -> None:
    """Import the modules in their order and print the effects that this had."""
    effects: list[str] = []
    watch_environment(variables, effects)
    watch(effects)
    for module in modules:
        import_module(module)
    sys.stdout.write(json.dumps([*effects, *things_built()]))


if __name__ == "__main__":
    run(*json.loads(sys.argv[1]))
