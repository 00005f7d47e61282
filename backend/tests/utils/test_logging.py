"""Log lines as they leave the process: one JSON object a line, or text for a person."""

import json
import subprocess
import sys

import pytest
from dirty_equals import IsDatetime, IsStr

pytestmark = pytest.mark.broad

_PROGRAM = """
import logging, structlog
from app.utils.logging import configure_logging
configure_logging(as_json={as_json}, debug={debug})
structlog.get_logger("a").info("first", status=200, user_id=None)
structlog.get_logger("a").debug("hidden")
logging.getLogger("b").warning("second %s", "of the library")
logging.getLogger("httpx2").info("hidden")
try:
    1 / 0
except ZeroDivisionError as error:
    structlog.get_logger("a").error("third", exc_info=error)
"""


def written(*, as_json: bool, debug: bool = False) -> list[str]:
    """Run a program that logs, and return its lines."""
    return printed(_PROGRAM.format(as_json=as_json, debug=debug))


def printed(program: str) -> list[str]:
    """Run a program, and return its lines."""
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stderr == ""
    return finished.stdout.splitlines()


@pytest.mark.spec("OPS-005")
def test_a_machine_gets_one_object_a_line() -> None:
    """S39."""
    first, second, third = [json.loads(line) for line in written(as_json=True)]
    moment = IsStr() & IsDatetime(iso_string=True)
    assert first == {"event": "first", "level": "info", "status": 200, "user_id": None, "timestamp": moment}
    assert second == {"event": "second of the library", "level": "warning", "timestamp": moment}
    assert third["exception"].splitlines()[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.spec("OPS-005")
def test_a_person_gets_text() -> None:
    lines = written(as_json=False)
    assert "[info     ] first" in lines[0]
    assert "status=200" in lines[0]
    assert "second of the library" in lines[1]
    assert "\x1b" not in "".join(lines)


@pytest.mark.spec("OPS-006")
@pytest.mark.parametrize(("debug", "traced"), [(False, False), (True, True)])
def test_a_library_may_show_the_trace_of_an_exception_only_in_debug_mode(
    *, debug: bool, traced: bool
) -> None:
    program = f"""
import logging
from app.utils.logging import configure_logging
configure_logging(as_json=True, debug={debug})
try:
    raise ValueError("canary")
except ValueError:
    logging.getLogger("b").exception("failed")
"""
    [line] = printed(program)
    assert ("canary" in line, "Traceback" in line) == (traced, traced)
    assert (json.loads(line)["event"], "ValueError" in line) == ("failed", True)


@pytest.mark.spec("OPS-005")
def test_the_server_says_nothing_about_single_connections() -> None:
    program = """
import logging
from app.utils.logging import configure_logging
configure_logging(as_json=True, debug=True)
logging.getLogger("uvicorn.error").warning("hidden")
logging.getLogger("uvicorn.error").error("failed")
"""
    assert [json.loads(line)["event"] for line in printed(program)] == ["failed"]


def test_debug_mode_says_more() -> None:
    assert [json.loads(line)["event"] for line in written(as_json=True, debug=True)] == [
        "first",
        "hidden",
        "second of the library",
        "third",
    ]
