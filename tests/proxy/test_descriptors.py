"""The limit of connections that the limit of open files allows."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, resource, sys
logging.basicConfig(format="%(message)s", stream=sys.stdout)
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from proxy.descriptors import connections_within
found = connections_within(wanted, asked=True)
print(found, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
connections_within(1 << 30, asked=False)  # says nothing
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "found", "raised", "told"),
    [
        (1024, 4096, 1000, 1000, 2256, False),
        (1024, 1024, 10_000, 384, 1024, True),
        (1024, 1024, 100, 100, 1024, False),
        (300, 2048, 10_000, 896, 2048, True),
    ],
)
def test_the_limit_is_raised_and_else_told(
    soft: int, hard: int, wanted: int, found: int, raised: int, told: bool
) -> None:
    command = [sys.executable, "-c", SCRIPT, str(soft), str(hard), str(wanted)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[-1] == f"{found} {raised}"
    assert bool(lines[:-1]) is told
