"""Rules about what may be done with what comes in: it is read as data and never run. Must not run what it reads."""

import ast

from tests.guards.source_module import SourceModule, last_name

# What makes objects, or programs, of bytes.
UNSAFE_READERS = ("cPickle", "cloudpickle", "dill", "jsonpickle", "marshal", "pickle", "shelve", "yaml")
# `compile` as a function; `re.compile` makes a pattern.
RUNNERS = frozenset({"eval", "exec", "compile", "__import__"})


def input_is_data(module: SourceModule) -> list[str]:
    """Nothing unpickles, loads YAML, or runs text as a program: what comes in is JSON that a schema has checked."""
    imported = {
        line
        for line, name in module.imports
        if any(name == reader or name.startswith(f"{reader}.") for reader in UNSAFE_READERS)
    }
    calls = [node for node in module.nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    run = {node.lineno for node in calls if last_name(node) in RUNNERS}
    return [f"{module.path}:{line} makes more of input than data" for line in sorted(imported | run)]
