"""Rules about the shape of code: how long, how deep, how named. Each takes a module and gives its findings.

Must not ask which room a module stands in: `code_rules.py` does that.
"""

import ast
import re
from collections.abc import Iterator
from math import ceil

from tests.guards.source_module import Function, SourceModule, last_name, lines_of

FUNCTION_LINES = 30
NINETIETH_PERCENTILE_LINES = 20
FILE_LINES = {"app": 250, "spec_tools": 250, "bench": 250, "tests": 400}
NESTING = 3
POSITIONAL_PARAMETERS = 3
DOCSTRING_LINES = 4

BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
ABBREVIATIONS = frozenset(
    {
        "cfg",
        "col",
        "conn",
        "ctx",
        "cur",
        "db",
        "exc",
        "idx",
        "msg",
        "repo",
        "req",
        "res",
        "resp",
        "stmt",
        "svc",
        "tmp",
        "usr",
        "val",
    }
)
NAMES_OF_OTHERS = frozenset({"exc_info", "tmp_path", "tmp_path_factory"})
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
BANNER = re.compile(r"([-=#*])\1{4,}")
EXCUSES = frozenset({"skip", "skipif", "xfail"})
PROOFS = frozenset({"raises", "warns", "fail"})


def function_lines(function: Function) -> int:
    """The lines of a function with its signature, without its decorators and docstring."""
    documented = ast.get_docstring(function, clean=False) is not None
    return lines_of(function) - (lines_of(function.body[0]) if documented else 0)


def ninetieth_percentile(lengths: list[int]) -> int:
    """The length that nine functions in ten do not exceed."""
    return sorted(lengths)[ceil(0.9 * len(lengths)) - 1]


def short_functions(module: SourceModule) -> list[str]:
    """A function has at most 30 lines."""
    lengths = [(function, function_lines(function)) for function in module.functions]
    return [
        f"{module.path}:{function.lineno} {function.name} has {length} lines, the limit is {FUNCTION_LINES}"
        for function, length in lengths
        if length > FUNCTION_LINES
    ]


def short_files(module: SourceModule) -> list[str]:
    """A file has at most 250 lines, a test file at most 400."""
    length, limit = len(module.text.splitlines()), FILE_LINES[module.folder]
    return (
        [f"{module.path}:{limit + 1} the file has {length} lines, the limit is {limit}"]
        if length > limit
        else []
    )


def flat_functions(module: SourceModule) -> list[str]:
    """Blocks stand at most three deep in a function."""
    return [
        f"{module.path}:{function.lineno} {function.name} nests blocks {depth} deep, the limit is {NESTING}"
        for function in module.functions
        if (depth := _depth(function)) > NESTING
    ]


def _depth(parent: ast.AST) -> int:
    children = [child for child in ast.iter_child_nodes(parent) if not isinstance(child, Function)]
    return max((_depth(child) + _opens_block(child, parent) for child in children), default=0)


def _opens_block(child: ast.AST, parent: ast.AST) -> bool:
    # An `elif` is an `if` inside the other's `else`, told apart only by standing in the same column.
    is_elif = (
        isinstance(child, ast.If) and isinstance(parent, ast.If) and child.col_offset == parent.col_offset
    )
    return isinstance(child, BLOCKS) and not is_elif


def few_positional_parameters(module: SourceModule) -> list[str]:
    """At most three parameters are positional; tests and fixtures are exempt, because pytest calls them by name."""
    return [
        f"{module.path}:{function.lineno} {function.name} has {count} positional parameters, "
        f"the limit is {POSITIONAL_PARAMETERS}"
        for function in module.functions
        if (count := _positional_parameters(function)) > POSITIONAL_PARAMETERS
        and not _called_by_pytest(module, function)
    ]


def _positional_parameters(function: Function) -> int:
    names = [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]
    return len(names[1:] if names[:1] in (["self"], ["cls"]) else names)


def _called_by_pytest(module: SourceModule, function: Function) -> bool:
    fixture = any(last_name(decorator) == "fixture" for decorator in function.decorator_list)
    return module.folder == "tests" and (fixture or function.name.startswith("test_"))


def whole_word_names(module: SourceModule) -> list[str]:
    """No name that the house chooses contains a listed abbreviation; `except ... as exc` is the one exception."""
    stem = module.path.rpartition("/")[2].removesuffix(".py")
    return [
        f"{module.path}:{line} the name {name} abbreviates a word"
        for line, name in ((1, stem), *_chosen_names(module))
        if name not in NAMES_OF_OTHERS and ABBREVIATIONS & {word.lower() for word in WORD.findall(name)}
    ]


def _chosen_names(module: SourceModule) -> Iterator[tuple[int, str]]:
    for node in module.nodes:
        match node:
            case (
                ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
                | ast.arg(arg=name)
            ):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.alias(asname=str(name)):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) if name != "exc":
                yield node.lineno, name


def short_module_docstring(module: SourceModule) -> list[str]:
    """Every module opens with one to four lines."""
    count = len((ast.get_docstring(module.tree) or "").splitlines())
    return (
        []
        if 1 <= count <= DOCSTRING_LINES
        else [f"{module.path}:1 the module docstring has {count} lines, not 1 to {DOCSTRING_LINES}"]
    )


def no_banners(module: SourceModule) -> list[str]:
    """No comment or docstring draws a line."""
    drawn = [line for line, comment in module.comments.items() if BANNER.search(comment)]
    ruled = [
        line
        for line, text in module.docstrings
        if any(BANNER.fullmatch(row.strip()) for row in text.splitlines())
    ]
    return [f"{module.path}:{line} draws a banner" for line in (*drawn, *ruled)]


def tests_prove_something(module: SourceModule) -> list[str]:
    """A test asserts, expects an exception, fails, or calls a helper whose name says that it does."""
    return [
        f"{module.path}:{function.lineno} {function.name} asserts nothing"
        for function in module.functions
        if function.name.startswith("test_") and not any(_proves(node) for node in ast.walk(function))
    ]


def _proves(node: ast.AST) -> bool:
    name = last_name(node) if isinstance(node, ast.Call) else ""
    return isinstance(node, ast.Assert) or name in PROOFS or name.startswith(("assert_", "expect_"))


def excuses_have_reasons(module: SourceModule) -> list[str]:
    """Whoever skips a test, or expects it to fail, says why."""
    called = [node for node in module.nodes if isinstance(node, ast.Call) and _excuses(node.func)]
    given = {id(node.func) for node in called if _gives_reason(node)}
    excuses = [node for node in module.nodes if isinstance(node, ast.Attribute) and _excuses(node)]
    return [
        f"{module.path}:{node.lineno} {node.attr} gives no reason"
        for node in excuses
        if id(node) not in given
    ]


def _excuses(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr in EXCUSES
        and last_name(node.value) in {"pytest", "mark"}
    )


def _gives_reason(call: ast.Call) -> bool:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    reasons = named or (call.args[:1] if last_name(call.func) != "skipif" else [])
    return any(not isinstance(reason, ast.Constant) or bool(reason.value) for reason in reasons)
