"""Rules about where things may be said: SQL, commits, clocks, the network. Each takes a module and gives its findings.

Must not run or import what it reads. `RULES`, at the end, names every rule and the folders that it holds in.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from tests.guards import shape_rules as shape
from tests.guards.input_rules import input_is_data
from tests.guards.source_module import ROOMS, Function, SourceModule, last_name

Rule: TypeAlias = Callable[[SourceModule], list[str]]

PROBLEMS = "app/http/problems.py"
CLOCK = "app/utils/clock.py"
TRANSACTIONS = "app/repositories/transactions.py"
TASK_WRITES = "app/services/task_writes.py"
DATABASE_LIBRARIES = ("sqlalchemy", "sqlmodel", "asyncpg")
NETWORK_LIBRARIES = (
    "aiohttp",
    "aiosmtplib",
    "http.client",
    "httpx",
    "httpx2",
    "requests",
    "socket",
    "urllib.request",
    "urllib3",
)
CLOCK_AND_CHANCE = (
    "time",
    "random",
    "secrets",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid7",
    "uuid_utils",
)
CLOCK_READINGS = frozenset({"now", "utcnow", "today"})
CHANCE_READINGS = frozenset({"uuid1", "uuid4", "uuid7", "urandom"})

SQL = re.compile(
    r"\bselect\b.+\bfrom\b|\binsert\s+into\b|\bupdate\s+\S+\s+set\b|\bdelete\s+from\s+\S|\bset_config\b",
    re.IGNORECASE | re.DOTALL,
)
TRANSACTION_SQL = re.compile(
    r"\b(?:COMMIT|ROLLBACK|BEGIN|SAVEPOINT)\b"
    r"|^\s*(?i:(?:commit|rollback|begin)(?:\s+(?:work|transaction|isolation|read|to)\b.*)?|(?:release\s+)?savepoint\s+\S+)\s*;?\s*$"
)
# A sentence opens with "Set", a statement with "SET" or "set".
SESSION_SQL = re.compile(
    r"(?:^|;)\s*(?:SET|set)\s+(?i:(?!local\b)(?:session\b|role\b|time\s+zone\b|[\w.]+\s*=|[\w.]+\s+to\s))"
    r"|(?i:\bset_config\s*\((?:[^()]|\([^()]*\))*,\s*false\s*\))"
)
HTTP_METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket"}
)
BRANCHES = (*shape.BLOCKS, ast.IfExp)
ROUTE_LINES = 8
FORMATS = frozenset({"dict", "Mapping", "bytes", "Response"})
RECORD_BASES = frozenset({"NamedTuple", "Protocol", "TypedDict", "Enum", "StrEnum", "IntEnum"})
MACHINE_ADDRESS = re.compile(r"(?<![\w.}-])/(?:root|work)/|(?<![\w.}-])/home/\w")
# Known by their shape: an index, or a package that is fetched from an address.
REGISTRY_ADDRESS = re.compile(
    r"https?://[^\s\"']+(?:/simple\b|\.(?:whl|tgz|tar\.gz|crate)\b)|-index[-]url[ =]"
)
VENDORED = "swagger-ui"


def known_rooms(module: SourceModule) -> list[str]:
    """Every room has a row in the table that says what it may do."""
    return (
        []
        if module.room_name in ROOMS
        else [f"{module.path}:1 the room {module.room_name} has no row in ROOMS"]
    )


def no_http_exception(module: SourceModule) -> list[str]:
    """`HTTPException` is named only where foreign ones are translated, and raised nowhere."""
    raised = [
        node
        for node in module.nodes
        if isinstance(node, ast.Raise) and node.exc and last_name(node.exc) in _http_exceptions(module)
    ]
    named = [node for node in module.nodes if _names_http_exception(node)] if module.path != PROBLEMS else []
    return [
        f"{module.path}:{line} speaks of HTTPException: raise a kind of app/domain/errors.py"
        for line in sorted({getattr(node, "lineno", 1) for node in (*raised, *named)})
    ]


def _names_http_exception(node: ast.AST) -> bool:
    return last_name(node) == "HTTPException" or (
        isinstance(node, ast.alias) and node.name == "HTTPException"
    )


def _http_exceptions(module: SourceModule) -> set[str]:
    aliases = [node for node in module.nodes if isinstance(node, ast.alias) and node.name == "HTTPException"]
    return {"HTTPException", *(alias.asname or alias.name for alias in aliases)}


def one_place_commits(module: SourceModule) -> list[str]:
    """Only the module of transactions commits and rolls back, by method or by SQL.

    Blocks of PL/pgSQL begin and end as they do.
    """
    if module.path == TRANSACTIONS or module.room_name == "migrations":
        return []
    methods = [
        node
        for node in module.nodes
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    ]
    lines = {node.lineno for node in methods} | {
        line for line, text in module.strings if TRANSACTION_SQL.search(text)
    }
    return [f"{module.path}:{line} ends a transaction, which is for {TRANSACTIONS}" for line in sorted(lines)]


def tasks_are_written_in_one_place(module: SourceModule) -> list[str]:
    """Only the seam of task writes uses the recorder.

    Other kinds are written by their own repository, which tasks have no methods for.
    """
    if module.room_name in {"repositories", "migrations"} or module.path == TASK_WRITES:
        return []
    used = {
        node.lineno for node in module.nodes if isinstance(node, ast.Attribute) and node.attr == "recorder"
    }
    imported = {line for line, name in module.imports if name.startswith("app.repositories.recorder")}
    return [f"{module.path}:{line} writes past {TASK_WRITES}" for line in sorted(used | imported)]


def flush_says_why(module: SourceModule) -> list[str]:
    """A `flush()` has a trailing comment that says what it is for."""
    flushes = [
        node for node in module.nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [
        f"{module.path}:{node.lineno} flush() does not say what it is for"
        for node in flushes
        if last_name(node) == "flush" and not _explained(module, node.end_lineno or node.lineno)
    ]


def _explained(module: SourceModule, line: int) -> bool:
    comment = module.comments.get(line, "").lstrip("# ")
    return bool(comment) and not comment.startswith(("noqa", "type:", "pragma"))


def database_libraries_stay_home(module: SourceModule) -> list[str]:
    """A room imports only the database libraries that it was given."""
    forbidden = [library for library in DATABASE_LIBRARIES if library not in module.room.libraries]
    return [
        f"{module.path}:{line} imports {name}, which {module.room_name} may not"
        for line, name in _taken(module, forbidden)
    ]


def sql_stays_home(module: SourceModule) -> list[str]:
    """Text that is SQL stands in repositories, database and models."""
    texts = [] if module.room.writes_sql else module.strings
    return [
        f"{module.path}:{line} says SQL, which is for repositories"
        for line, text in texts
        if SQL.search(text)
    ]


def settings_end_with_the_transaction(module: SourceModule) -> list[str]:
    """No database setting outlives its transaction: the next borrower of the connection would inherit it."""
    calls = [node for node in module.nodes if isinstance(node, ast.Call) and last_name(node) == "set_config"]
    lasting = {
        node.lineno
        for node in calls
        if any("false" in ast.unparse(argument).lower() for argument in node.args[2:])
    }
    lines = lasting | {line for line, text in module.strings if SESSION_SQL.search(text)}
    return [f"{module.path}:{line} sets something for a whole session" for line in sorted(lines)]


def no_network_in_a_unit_of_work(module: SourceModule) -> list[str]:
    """What runs inside a unit of work imports nothing that opens a connection of its own."""
    forbidden = () if module.room.opens_connections else NETWORK_LIBRARIES
    return [
        f"{module.path}:{line} imports {name}: a transaction would wait for it"
        for line, name in _taken(module, forbidden)
    ]


def time_and_chance_come_in(module: SourceModule) -> list[str]:
    """The domain reads neither clock nor dice: both come in as parameters."""
    if module.room.reads_clock:
        return []
    imported = {line for line, _ in _taken(module, CLOCK_AND_CHANCE)}
    read = {
        node.lineno
        for node in module.nodes
        if isinstance(node, ast.Attribute) and _reads_clock_or_chance(node)
    }
    return [f"{module.path}:{line} reads the clock or chance" for line in sorted(imported | read)]


def _reads_clock_or_chance(node: ast.Attribute) -> bool:
    reads_clock = node.attr in CLOCK_READINGS and last_name(node.value) in {"datetime", "date"}
    return reads_clock or node.attr in CHANCE_READINGS


def one_clock(module: SourceModule) -> list[str]:
    """Only the module of the clock reads the time of day; everything else is given the moment, or a clock."""
    calls = [node.func for node in module.nodes if isinstance(node, ast.Call) and module.path != CLOCK]
    read = {node.lineno for node in calls if isinstance(node, ast.Attribute) and _reads_time_of_day(node)}
    imported = {line for line, name in module.imports if name in {"time.time", "time.time_ns"}}
    return [f"{module.path}:{line} reads the clock, which is for {CLOCK}" for line in sorted(read | imported)]


def _reads_time_of_day(node: ast.Attribute) -> bool:
    is_date = node.attr in CLOCK_READINGS and last_name(node.value) in {"datetime", "date"}
    return is_date or (node.attr in {"time", "time_ns"} and last_name(node.value) == "time")


def only_the_console_prints(module: SourceModule) -> list[str]:
    """`print` belongs to the terminal door."""
    calls = [node for node in module.nodes if isinstance(node, ast.Call) and not module.room.prints]
    return [
        f"{module.path}:{node.lineno} prints"
        for node in calls
        if isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def services_are_functions(module: SourceModule) -> list[str]:
    """A class in `services` is a record, a protocol or an error, never a service."""
    classes = [
        node for node in module.nodes if isinstance(node, ast.ClassDef) and module.room_name == "services"
    ]
    errors = {name.rpartition(".")[2] for _, name in module.imports if name.startswith("app.domain.errors.")}
    return [
        f"{module.path}:{node.lineno} {node.name} is a class; a service is a module of functions"
        for node in classes
        if not _is_record(node, errors)
    ]


def _is_record(node: ast.ClassDef, errors: set[str]) -> bool:
    bases = {last_name(base) for base in node.bases}
    decorated = any(last_name(decorator) == "dataclass" for decorator in node.decorator_list)
    return (
        decorated
        or bool(bases & (RECORD_BASES | errors))
        or any(base.endswith(("Error", "Exception")) for base in bases)
    )


def services_give_rows(module: SourceModule) -> list[str]:
    """What a service gives is a row, a named tuple or several of them: a dictionary or bytes are some door's format."""
    public = [
        node
        for node in module.nodes
        if isinstance(node, ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]
    given = [node for node in public if node.returns and last_name(node.returns) in FORMATS]
    return [
        f"{module.path}:{node.lineno} {node.name} gives a {last_name(node.returns)}, which is a door's to make"
        for node in given
        if node.returns and module.room_name == "services"
    ]


def routes_are_sentences(module: SourceModule) -> list[str]:
    """A route has at most eight lines, does not branch, and is one service call, then one answer."""
    routes = [
        function
        for function in module.functions
        if any(_is_route(decorator) for decorator in function.decorator_list)
    ]
    return [
        f"{module.path}:{route.lineno} the route {route.name} {fault}"
        for route in routes
        for fault in _route_faults(route)
    ]


def _is_route(decorator: ast.expr) -> bool:
    call = decorator.func if isinstance(decorator, ast.Call) else None
    return (
        isinstance(call, ast.Attribute)
        and call.attr in HTTP_METHODS
        and last_name(call.value).endswith("router")
    )


def _route_faults(route: Function) -> Iterator[str]:
    if (length := shape.function_lines(route)) > ROUTE_LINES:
        yield f"has {length} lines, the limit is {ROUTE_LINES}"
    if any(isinstance(node, BRANCHES) for statement in route.body for node in ast.walk(statement)):
        yield "branches"
    *before, answer = route.body[1:] if ast.get_docstring(route) and len(route.body) > 1 else route.body
    if len(before) > 1 or not all(_is_service_call(statement) for statement in before):
        yield "does more than one service call before its answer"
    if not isinstance(answer, ast.Return) or (before and _awaits(answer)) or _hides_a_call(answer):
        yield "does not end in one answer that awaits nothing"


def _is_service_call(statement: ast.stmt) -> bool:
    """Tell whether a statement awaits one call, and does nothing else but give its result a name."""
    value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
    return isinstance(value, ast.Await) and isinstance(value.value, ast.Call) and not _awaits(value.value)


def _awaits(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Await) for inner in ast.walk(node))


def _hides_a_call(answer: ast.Return) -> bool:
    """Tell whether an answer awaits something within itself; to be what is awaited is no hiding."""
    value = answer.value.value if isinstance(answer.value, ast.Await) else answer.value
    return value is not None and _awaits(value)


def no_machine_addresses(module: SourceModule) -> list[str]:
    """No tracked text names a folder of one machine or the address of a package registry."""
    lines = [] if VENDORED in module.path else list(enumerate(module.text.splitlines(), start=1))
    machine = [
        f"{module.path}:{line} names a folder of one machine"
        for line, text in lines
        if MACHINE_ADDRESS.search(text)
    ]
    return machine + [
        f"{module.path}:{line} names a package registry"
        for line, text in lines
        if REGISTRY_ADDRESS.search(text)
    ]


def _taken(module: SourceModule, libraries: Iterable[str]) -> list[tuple[int, str]]:
    return [
        (line, name)
        for line, name in module.imports
        if any(name == library or name.startswith(f"{library}.") for library in libraries)
    ]


APP = ("app",)
TESTS = ("tests",)
PROGRAMS = ("app", "spec_tools", "bench")
EVERYWHERE = (*PROGRAMS, *TESTS)
RULES: dict[Rule, tuple[str, ...]] = {
    known_rooms: APP,
    no_http_exception: APP,
    one_place_commits: APP,
    tasks_are_written_in_one_place: APP,
    flush_says_why: APP,
    database_libraries_stay_home: APP,
    sql_stays_home: APP,
    settings_end_with_the_transaction: PROGRAMS,
    no_network_in_a_unit_of_work: APP,
    time_and_chance_come_in: APP,
    one_clock: APP,
    only_the_console_prints: APP,
    services_are_functions: APP,
    services_give_rows: APP,
    routes_are_sentences: APP,
    input_is_data: PROGRAMS,
    shape.short_functions: EVERYWHERE,
    shape.short_files: EVERYWHERE,
    shape.flat_functions: EVERYWHERE,
    shape.few_positional_parameters: EVERYWHERE,
    shape.whole_word_names: EVERYWHERE,
    shape.short_module_docstring: EVERYWHERE,
    shape.no_banners: EVERYWHERE,
    shape.tests_prove_something: TESTS,
    shape.excuses_have_reasons: TESTS,
}
