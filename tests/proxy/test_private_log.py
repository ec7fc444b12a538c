"""Log lines tell where something happened and never what was received."""

import subprocess
import sys

from proxy.private_log import places
from tests.support.sidecar import ROOT

SCRIPT = """
import asyncio, logging
from proxy.private_log import configure_log, report_context
configure_log("test")
def fail():
    raise ValueError("received " + "canary-" + "4711")
try:
    fail()
except ValueError:
    logging.getLogger("wiretrail").exception("it failed")
loop = asyncio.new_event_loop()
loop.set_exception_handler(report_context)
loop.call_soon(fail)
loop.call_soon(loop.stop)
loop.run_forever()
loop.close()
fail()
"""


def test_no_text_of_an_exception_is_shown() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode == 1
    assert "canary" not in ended.stderr
    assert ended.stderr.count("ValueError at") == 3
    assert "it failed" in ended.stderr


def test_places_name_function_and_line() -> None:
    try:
        int("canary")
    except ValueError as error:
        told = places(error)
    assert told.startswith("ValueError at test_private_log.py:")
    assert "canary" not in told
