"""Every house rule that a syntax tree can show: the house keeps it, and the rule is able to fail.

Must not hold a rule itself: those are in `code_rules.py`, `input_rules.py` and `shape_rules.py`.
"""

from textwrap import dedent

import pytest

from tests.guards import code_rules as rules
from tests.guards import shape_rules as shape
from tests.guards.code_rules import RULES, Rule
from tests.guards.input_rules import input_is_data
from tests.guards.source_module import SourceModule, modules_below, text_files

SERVICE = "app/services/tasks.py"
DOMAIN = "app/domain/ordering.py"
ROUTE = "app/routes/tasks.py"
TEST = "tests/api/test_tasks.py"
MACHINE_FOLDER = "/".join(("", "root", "notes"))
REGISTRY = "https://packages.example.com/a/name-1.0" + ".whl"

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.known_rooms, "app/helpers/dates.py", ""),
    (rules.no_http_exception, SERVICE, "from fastapi import HTTPException"),
    (rules.no_http_exception, ROUTE, "raise fastapi.HTTPException(404)"),
    (rules.no_http_exception, "app/http/problems.py", "raise HTTPException(404)"),
    (
        rules.no_http_exception,
        "app/http/problems.py",
        "from starlette.exceptions import HTTPException as Foreign\nraise Foreign(404)",
    ),
    (rules.one_place_commits, SERVICE, "await session.commit()"),
    (rules.one_place_commits, "app/repositories/tasks.py", "finish = session.rollback"),
    (
        rules.one_place_commits,
        "app/database/embedded/server.py",
        "await connection.execute('BEGIN; SELECT 1')",
    ),
    (
        rules.one_place_commits,
        "app/repositories/tasks.py",
        "await connection.execute('savepoint before_move')",
    ),
    (rules.tasks_are_written_in_one_place, SERVICE, "await work.recorder.add(work.tasks, task, now=now)"),
    (
        rules.tasks_are_written_in_one_place,
        "app/workers/relay.py",
        "from app.repositories.recorder import Recorder",
    ),
    (rules.flush_says_why, "app/repositories/tasks.py", "await session.flush()"),
    (rules.flush_says_why, "app/repositories/tasks.py", "await session.flush()  # noqa: X100"),
    (rules.database_libraries_stay_home, SERVICE, "from sqlalchemy import select"),
    (rules.database_libraries_stay_home, "app/main.py", "import sqlalchemy.ext.asyncio"),
    (rules.database_libraries_stay_home, "app/models/task.py", "import asyncpg"),
    (rules.sql_stays_home, SERVICE, "query = 'select id\\nfrom task'"),
    (rules.sql_stays_home, ROUTE, "query = f'SELECT {columns} FROM task'"),
    (rules.sql_stays_home, "app/workers/relay.py", "query = 'update task set title = $1'"),
    (rules.sql_stays_home, "app/middleware/log.py", "query = 'insert into change values ($1)'"),
    (rules.sql_stays_home, "app/console/tasks.py", "query = 'delete from task'"),
    (
        rules.settings_end_with_the_transaction,
        "app/repositories/unit_of_work.py",
        "func.set_config('role', name, False)",
    ),
    (
        rules.settings_end_with_the_transaction,
        "app/database/connection.py",
        "query = \"select set_config('role', lower($1), false)\"",
    ),
    (rules.settings_end_with_the_transaction, "app/database/connection.py", "query = 'SET ROLE agendum_app'"),
    (rules.settings_end_with_the_transaction, "app/migrations/env.py", "query = 'SET lock_timeout = 5000'"),
    (rules.no_network_in_a_unit_of_work, SERVICE, "import httpx2"),
    (rules.no_network_in_a_unit_of_work, "app/repositories/tasks.py", "from urllib import request"),
    (rules.time_and_chance_come_in, DOMAIN, "moment = datetime.datetime.now(UTC)"),
    (rules.time_and_chance_come_in, DOMAIN, "day = date.today()"),
    (rules.time_and_chance_come_in, DOMAIN, "from uuid import uuid4"),
    (rules.time_and_chance_come_in, DOMAIN, "import random"),
    (rules.one_clock, SERVICE, "moment = datetime.now(UTC)"),
    (rules.one_clock, "app/console/commands.py", "day = datetime.date.today()"),
    (rules.one_clock, "app/workers/relay.py", "import time\nmoment = time.time()"),
    (rules.one_clock, "app/utils/jwt.py", "from time import time"),
    (rules.only_the_console_prints, "app/workers/relay.py", "print('started')"),
    (rules.services_are_functions, SERVICE, "class TaskService:\n    pass"),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\ndef many():\n    return first() if second else third",
    ),
    (rules.services_give_rows, SERVICE, "async def browse(work) -> dict[str, Any]: ..."),
    (rules.services_give_rows, SERVICE, "async def tree(work) -> bytes: ..."),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\ndef many():\n    task = find()\n    return read(task)",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many():\n    a = await one()\n    b = await two()\n    return c(a, b)",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many():\n    a = [await one()]\n    return read(a)",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many():\n    a = await one(await two())\n    return read(a)",
    ),
    (rules.routes_are_sentences, ROUTE, "@router.get('/')\nasync def many():\n    return read(await find())"),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many():\n    await find()\n    return await read()",
    ),
    (rules.routes_are_sentences, ROUTE, "@router.get('/')\nasync def many():\n    await find()"),
    (rules.routes_are_sentences, ROUTE, "@router.get('/')\ndef many():\n" + "    a = 1\n" * 8),
    (input_is_data, SERVICE, "import pickle"),
    (input_is_data, SERVICE, "from yaml import safe_load"),
    (input_is_data, "app/utils/cursors.py", "import marshal as quick\nposition = quick.loads(text)"),
    (input_is_data, SERVICE, "value = eval(text)"),
    (input_is_data, SERVICE, "exec(compile(text, 'a', 'exec'))"),
    (rules.no_machine_addresses, "README.md", f"Run it from {MACHINE_FOLDER}."),
    (rules.no_machine_addresses, "requirements.txt", REGISTRY),
    (shape.short_functions, SERVICE, "def long():\n" + "    a = 1\n" * 30),
    (shape.short_files, SERVICE, "a = 1\n" * 251),
    (shape.short_files, TEST, "a = 1\n" * 401),
    (shape.flat_functions, SERVICE, "def deep():\n if a:\n  for b in a:\n   with b:\n    while b: pass"),
    (shape.few_positional_parameters, SERVICE, "def crowded(a, b, c, d): ..."),
    (shape.few_positional_parameters, TEST, "def helper(a, b, c, d): ..."),
    (shape.whole_word_names, SERVICE, "task_repo = 1"),
    (shape.whole_word_names, SERVICE, "class TaskRepo: ..."),
    (shape.whole_word_names, SERVICE, "def send(msg): ..."),
    (shape.whole_word_names, SERVICE, "import database as db"),
    (shape.whole_word_names, "app/utils/ctx.py", ""),
    (shape.short_module_docstring, SERVICE, "a = 1"),
    (shape.short_module_docstring, SERVICE, '"""1\n2\n3\n4\n5"""'),
    (shape.no_banners, SERVICE, "# ----- helpers"),
    (shape.no_banners, SERVICE, '"""Title.\n\n=====\n"""'),
    (shape.tests_prove_something, TEST, "def test_that_nothing_happens():\n    complete()"),
    (shape.excuses_have_reasons, TEST, "@pytest.mark.skip\ndef test_later(): ..."),
    (shape.excuses_have_reasons, TEST, "@pytest.mark.skipif(True)\ndef test_later(): ..."),
    (shape.excuses_have_reasons, TEST, "@pytest.mark.xfail(reason='')\ndef test_later(): ..."),
]

KEPT: list[tuple[Rule, str, str]] = [
    (rules.known_rooms, SERVICE, ""),
    (
        rules.no_http_exception,
        "app/http/problems.py",
        "from fastapi import HTTPException\nhandlers = {HTTPException: answer}",
    ),
    (rules.one_place_commits, "app/repositories/transactions.py", "await session.commit()"),
    (rules.one_place_commits, SERVICE, '"""COMMIT ends it."""\nmode = "create_savepoint"'),
    (
        rules.tasks_are_written_in_one_place,
        "app/services/task_writes.py",
        "await work.recorder.add(work.tasks, task, now=now)",
    ),
    (rules.flush_says_why, "app/repositories/tasks.py", "await session.flush()  # The key is needed below."),
    (rules.database_libraries_stay_home, "app/models/task.py", "from sqlmodel import SQLModel"),
    (rules.sql_stays_home, "app/repositories/tasks.py", "query = 'select id from task'"),
    (rules.sql_stays_home, SERVICE, '"""Select a task from the list."""\nlabel = "Update the task"'),
    (
        rules.settings_end_with_the_transaction,
        "app/repositories/unit_of_work.py",
        "query = \"select set_config('role', $1, true), false\"",
    ),
    (
        rules.settings_end_with_the_transaction,
        "app/database/connection.py",
        "query = 'SET LOCAL lock_timeout = 5000'",
    ),
    (
        rules.settings_end_with_the_transaction,
        "app/repositories/tasks.py",
        "query = 'update task\\nset title = $1'",
    ),
    (rules.no_network_in_a_unit_of_work, "app/utils/jwt.py", "import httpx2"),
    (rules.no_network_in_a_unit_of_work, SERVICE, "from urllib.parse import quote"),
    (
        rules.time_and_chance_come_in,
        DOMAIN,
        "from datetime import time\ndef due(now: datetime) -> time:\n    return now.time()",
    ),
    (rules.time_and_chance_come_in, SERVICE, "from uuid import uuid4"),
    (rules.one_clock, "app/utils/clock.py", "moment = datetime.now(UTC)"),
    (rules.one_clock, "app/workers/relay.py", "began = time.monotonic()\nmoment = runtime.clock()"),
    (rules.only_the_console_prints, "app/console/tasks.py", "print('done')"),
    (rules.services_are_functions, SERVICE, "@dataclass(frozen=True)\nclass Session: ..."),
    (
        rules.services_are_functions,
        SERVICE,
        "from app.domain.errors import Conflict\nclass Taken(Conflict): ...",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many(a):\n    '''List.'''\n    return await tasks.many(a.all())",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many(a):\n    task = await find(**a.terms)\n    return read(task)",
    ),
    (
        rules.routes_are_sentences,
        ROUTE,
        "@router.get('/')\nasync def many(a):\n    await find(a)\n    return {'status': 'ok'}",
    ),
    (
        rules.services_give_rows,
        SERVICE,
        "async def read(work) -> TaskRow: ...\nasync def _values(work) -> dict[str, Any]: ...",
    ),
    (rules.services_give_rows, ROUTE, "async def list_addresses() -> dict[str, Any]: ..."),
    (
        rules.routes_are_sentences,
        SERVICE,
        "def many():\n    task = find()\n    return read(task) if task else None",
    ),
    (input_is_data, SERVICE, "pattern = re.compile('a')\nvalue = json.loads(text)"),
    (rules.no_machine_addresses, "README.md", "See team/work/notes and the home/ folder."),
    (rules.no_machine_addresses, "backend/app/static/swagger-ui/bundle.js", REGISTRY),
    (
        shape.short_functions,
        SERVICE,
        "@decorated\ndef long():\n    '''One.\n\n    Two.\n    '''\n" + "    a = 1\n" * 29,
    ),
    (shape.short_files, TEST, "a = 1\n" * 400),
    (
        shape.flat_functions,
        SERVICE,
        "def flat():\n if a: pass\n elif b: pass\n elif c: pass\n elif d: pass\n else: pass",
    ),
    (shape.few_positional_parameters, SERVICE, "class A:\n    def three(self, a, b, c, *, d): ..."),
    (
        shape.few_positional_parameters,
        TEST,
        "def test_many(a, b, c, d): ...\n@pytest.fixture\ndef everything(a, b, c, d): ...",
    ),
    (shape.whole_word_names, SERVICE, "from sqlmodel import col\ntry: ...\nexcept ValueError as exc: ..."),
    (shape.whole_word_names, TEST, "def test_folder(tmp_path): ..."),
    (shape.short_module_docstring, SERVICE, '"""1\n2\n3\n4"""'),
    (shape.no_banners, SERVICE, "# A rule --- with a dash.\nline = '----------'"),
    (
        shape.tests_prove_something,
        TEST,
        "def test_refusal():\n    with pytest.raises(ValueError): complete()",
    ),
    (shape.tests_prove_something, TEST, "def test_problem():\n    assert_problem(answer)"),
    (
        shape.excuses_have_reasons,
        TEST,
        "@pytest.mark.skipif(True, reason='Linux only.')\ndef test_later(): ...",
    ),
    (shape.excuses_have_reasons, TEST, "pytest.skip('Linux only.')"),
]


def named(rule: object) -> str:
    """Name a parametrized test after its rule; the rest of its parameters do not help the reader."""
    return getattr(rule, "__name__", "")


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_the_house_keeps(rule: Rule) -> None:
    """S47, and every other rule."""
    findings = [
        finding for folder in RULES[rule] for module in modules_below(folder) for finding in rule(module)
    ]
    assert not findings, "\n".join(findings)


def test_nine_functions_in_ten_are_short() -> None:
    lengths = [
        shape.function_lines(function) for module in modules_below("app") for function in module.functions
    ]
    assert shape.ninetieth_percentile(lengths) <= shape.NINETIETH_PERCENTILE_LINES


def test_no_tracked_text_names_a_machine_or_a_registry() -> None:
    findings = [finding for file in text_files() for finding in rules.no_machine_addresses(file)]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(("rule", "path", "snippet"), BROKEN, ids=named)
def test_a_rule_finds_what_breaks_it(rule: Rule, path: str, snippet: str) -> None:
    findings = rule(SourceModule(path, dedent(snippet)))
    assert findings
    assert all(finding.startswith(f"{path}:") for finding in findings)


@pytest.mark.parametrize(("rule", "path", "snippet"), KEPT, ids=named)
def test_a_rule_leaves_alone_what_keeps_it(rule: Rule, path: str, snippet: str) -> None:
    assert rule(SourceModule(path, dedent(snippet))) == []


def test_the_ninetieth_percentile_is_exceeded_by_one_function_in_ten() -> None:
    assert shape.ninetieth_percentile([20] * 9 + [30]) == 20
    assert shape.ninetieth_percentile([20] * 8 + [30] * 2) == 30


@pytest.mark.parametrize("seeds", [BROKEN, KEPT], ids=["broken", "kept"])
def test_every_rule_has_a_seed(seeds: list[tuple[Rule, str, str]]) -> None:
    assert {rule for rule, _, _ in seeds} == {*RULES, rules.no_machine_addresses}


@pytest.mark.parametrize("folder", ["app", "tests", "spec_tools", "bench"])
def test_the_rules_see_every_folder(folder: str) -> None:
    assert [module for module in modules_below(folder) if module.folder == folder]
